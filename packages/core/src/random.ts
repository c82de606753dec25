// Seeded, splittable random streams.
//
// A stream is a 128-bit state of xoshiro128** (Blackman & Vigna 2018), filled from a 64-bit key by two rounds of
// murmur-style mixing. `split` hashes the key together with names and numbers into a new key, so adding a draw in
// one place never moves the numbers drawn in another.
import { InvalidArgumentError } from "./errors.ts";

/** What a stream is split by: names and numbers, such as a step or a row. */
export type StreamName = string | number;

/** A stream of random numbers. The same key gives the same numbers on every machine. */
export interface Random {
  /** An independent stream, named: `random.split("mask", step)`. Does not advance this stream. */
  split(...names: StreamName[]): Random;
  /** A float64 in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A standard normal number (Box-Muller). */
  normal(): number;
  /** An integer in [low, high). */
  integer(low: number, high: number): number;
  /** An element of `items`. */
  choice<T>(items: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** Fills with float32 numbers in [0, 1). */
  fillUniform(target: Float32Array): Float32Array;
  /** Fills with standard normal float32 numbers. */
  fillNormal(target: Float32Array): Float32Array;
}

/**
 * The root stream of a run.
 *
 * @param seed an integer of at most 53 bits
 * @throws {InvalidArgumentError} if `seed` is not a safe non-negative integer
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidArgumentError({ argument: "seed", value: seed, expected: "a non-negative integer" });
  }
  return new Stream(mix(seed >>> 0, 0x9e3779b9), mix(Math.floor(seed / 2 ** 32) >>> 0, 0x85ebca6b));
}

class Stream implements Random {
  readonly #keyA: number;
  readonly #keyB: number;
  readonly #state = new Uint32Array(4);
  #spareNormal: number | undefined;

  constructor(keyA: number, keyB: number) {
    this.#keyA = keyA;
    this.#keyB = keyB;
    for (let i = 0; i < 4; i++) this.#state[i] = mix(keyA + i, mix(keyB, 0xc2b2ae35 + i));
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  split(...names: StreamName[]): Random {
    let a = this.#keyA;
    let b = this.#keyB;
    for (const name of names) {
      // The type is part of the hash: split("1") and split(1) are different streams.
      const text = typeof name === "number" ? `#${name}` : `$${name}`;
      for (let i = 0; i < text.length; i++) {
        a = mix(a, text.charCodeAt(i));
        b = mix(b ^ 0x27d4eb2f, text.charCodeAt(i));
      }
      a = mix(a, 0x165667b1);
      b = mix(b, 0x9e3779b1);
    }
    return new Stream(a, b);
  }

  uniform(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  integer(low: number, high: number): number {
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || high <= low) {
      throw new InvalidArgumentError({ argument: "high", value: high, expected: `an integer above low (${low})` });
    }
    return low + Math.floor(this.uniform() * (high - low));
  }

  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new InvalidArgumentError({ argument: "items", value: items, expected: "a non-empty list" });
    return items[this.integer(0, items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  fillUniform(target: Float32Array): Float32Array {
    for (let i = 0; i < target.length; i++) target[i] = (this.#next() >>> 8) / 16777216;
    return target;
  }

  fillNormal(target: Float32Array): Float32Array {
    for (let i = 0; i < target.length; i++) target[i] = this.normal();
    return target;
  }

  #next(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** murmur3's finalizer over the combination of two words. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0xcc9e2d51), 0x1b873593) ^ (b >>> 15);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}
