// The behaviour of a program: what it returns for the probes of its parameters, as one number. Two programs with the same parameters and the same
// behaviour count as the same task.
import { probes } from "../pipeline.ts";
import type { Choices, Value } from "./choice.ts";
import type { Family, Parameter } from "./family.ts";

const texts = [
  "", "a", "Z", "7", " ", "abba", "Level", "hello world", "The quick brown fox", "a1b2c3", "AEIOU xyz", "noon at 12", "  two  spaces ", "MiXeD CaSe 42",
  "banana", "tEst 909 tset", "zzz top", "eel", "One, two; three.", "rotor", "9876543210", "queue up", "s p a c e d", "Mississippi river", "ease of use",
  "fame", "A man a plan", "lost last list", "x-ray 3.14", "oo", "least most", "e", "fed my map", "stop. go. stop", "sassy", "Early 1 bird 22 ate",
]; // prettier-ignore
const naturals = [...Array.from({ length: 41 }, (_, i) => i), 48, 55, 64, 77, 81, 90, 97, 100, 111, 120, 128, 133, 143, 150];

/** Arguments that tell programs apart: part of the data's definition, they never change. */
const PROBES: Readonly<Record<string, readonly (readonly Value[])[]>> = {
  xs: probes.map((xs) => [xs]),
  s: texts.map((text) => [text]),
  n: naturals.map((n) => [n]),
  "xs k": probes.map((xs, i) => [xs, 1 + (i % 6)]),
};

/** Probes of a family's parameters. */
export function probesOf({ parameters }: { readonly parameters: readonly Parameter[] }): readonly (readonly Value[])[] {
  return PROBES[parameters.join(" ")]!;
}

/** A hash of 53 bits of what the program returns for all probes: among 10^6 programs two collide by chance with probability 6e-5. */
export function behaviourOf(family: Family, choices: Choices): number {
  const hash = new ValueHash();
  for (const args of probesOf(family)) hash.add(family.run(choices, args));
  return hash.value;
}

class ValueHash {
  #high = 0x9e3779b9;
  #low = 0x85ebca6b;

  get value(): number {
    return (mixed(this.#high) & 0x1fffff) * 2 ** 32 + (mixed(this.#low ^ this.#high) >>> 0);
  }

  #word(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0x01000193) ^ (this.#high >>> 15);
    this.#low = Math.imul(this.#low + word, 0x9e3779b1) ^ (this.#low >>> 13);
  }

  /** The first word of a value says what it is, and how long. */
  add(value: Value): void {
    if (typeof value === "number") {
      this.#word(1);
      this.#word(value | 0);
      this.#word(Math.floor(value / 2 ** 32));
    } else if (typeof value === "boolean") this.#word(value ? 3 : 2);
    else if (typeof value === "string") {
      this.#word(4 + value.length * 8);
      for (let i = 0; i < value.length; i++) this.#word(value.charCodeAt(i));
    } else if ("dict" in value) {
      this.#word(5 + value.dict.length * 8);
      for (const pair of value.dict) for (const part of pair) this.add(part);
    } else {
      this.#word(6 + value.length * 8);
      for (const item of value) this.add(item);
    }
  }
}

function mixed(word: number): number {
  let x = word ^ (word >>> 16);
  x = Math.imul(x, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}
