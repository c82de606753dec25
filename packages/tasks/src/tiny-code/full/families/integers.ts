// Integers: a loop over what a number n >= 0 gives (its digits, its divisors, the primes up to it), of which some are kept or changed and then put
// together: digit sums, divisor counts, primality, base conversion, Collatz.
import { type Choice, choice, present, type Value } from "../choice.ts";
import type { Family } from "../family.ts";
import { bodyOf, returnOf } from "../list-body.ts";
import { listSlots } from "./lists.ts";

/** Where the numbers come from: an expression, or lines that fill a list `seq`. */
interface Source extends Choice {
  readonly setup: readonly string[];
}

const source = (name: string, constant: number | undefined, phrases: string[], python: string | string[], of: (n: number) => number[]): Source => {
  const known = new Map<number, number[]>();
  const apply = (n: number): number[] => known.get(n) ?? (known.set(n, of(n)), known.get(n)!);
  const one = choice(name, constant, phrases, () => (typeof python === "string" ? python : "seq"), apply);
  return { ...one, setup: typeof python === "string" ? [] : python };
};

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
const isPrime = (p: number): boolean => p > 1 && range(2, p).every((q) => p % q !== 0);

function digitsInBase(n: number, base: number): number[] {
  const digits: number[] = [];
  for (let rest = n; rest > 0; rest = Math.floor(rest / base)) digits.push(rest % base);
  return digits;
}

function collatz(n: number): number[] {
  const steps = [n];
  for (let x = n; x > 1; steps.push(x)) x = x % 2 === 0 ? x / 2 : 3 * x + 1;
  return steps;
}

function primeFactors(n: number): number[] {
  const factors: number[] = [];
  for (let [rest, p] = [n, 2]; rest > 1;) {
    if (rest % p === 0) {
      factors.push(p);
      rest /= p;
    } else p++;
  }
  return factors;
}

function remainders(n: number, k: number): number[] {
  const steps: number[] = [];
  for (let [a, b] = [n, k]; b > 0; [a, b] = [b, a % b]) steps.push(b);
  return steps;
}

const sources: Source[] = [
  source("digits", undefined, ["the digits of n", "the decimal digits of n"], "[int(c) for c in str(n)]", (n) => String(n).split("").map(Number)),
  source("one to n", undefined, ["the integers from 1 to n", "the numbers 1 to n"], "list(range(1, n + 1))", (n) => range(1, n + 1)),
  source("divisors", undefined, ["the divisors of n", "the numbers that divide n"], "[d for d in range(1, n + 1) if n % d == 0]", (n) =>
    range(1, n + 1).filter((d) => n % d === 0),
  ),
  source(
    "primes",
    undefined,
    ["the primes up to n", "the prime numbers that are at most n"],
    "[p for p in range(2, n + 1) if all(p % q for q in range(2, p))]",
    (n) => range(2, n + 1).filter(isPrime),
  ),
  source("bits", undefined, ["the binary digits of n", "the bits of n from the highest"], "[int(c) for c in bin(n)[2:]]", (n) =>
    n.toString(2).split("").map(Number),
  ),
  source(
    "collatz",
    undefined,
    ["the Collatz steps from n to 1", "the Collatz sequence of n"],
    ["seq, m = [n], n", "while m > 1:", "    m = m // 2 if m % 2 == 0 else 3 * m + 1", "    seq.append(m)"],
    collatz,
  ),
  source(
    "prime factors",
    undefined,
    ["the prime factors of n with repeats", "the factors in the prime factorization of n"],
    ["seq, m, p = [], n, 2", "while m > 1:", "    if m % p == 0:", "        seq.append(p)", "        m //= p", "    else:", "        p += 1"],
    primeFactors,
  ),
  source(
    "non-divisors",
    undefined,
    ["the integers below n that do not divide it", "the numbers from 1 to n that are no divisors of n"],
    "[d for d in range(1, n + 1) if n % d != 0]",
    (n) => range(1, n + 1).filter((d) => n % d !== 0),
  ),
  source(
    "squares",
    undefined,
    ["the squares up to n", "the square numbers that are at most n"],
    "[i * i for i in range(1, n + 1) if i * i <= n]",
    (n) =>
      range(1, n + 1)
        .map((i) => i * i)
        .filter((x) => x <= n),
  ),
  ...[3, 4, 7].map((k) =>
    source("multiples", k, [`the multiples of ${k} from ${k} to n`, `the numbers up to n in steps of ${k}`], `list(range(${k}, n + 1, ${k}))`, (n) =>
      range(k, n + 1, k),
    ),
  ),
  ...[3, 5, 8].map((k) =>
    source(
      "base",
      k,
      [`the digits of n in base ${k} from the lowest`, `the base-${k} digits of n, last digit first`],
      ["seq, m = [], n", "while m > 0:", `    seq.append(m % ${k})`, `    m //= ${k}`],
      (n) => digitsInBase(n, k),
    ),
  ),
  ...[12, 18, 30].map((k) =>
    source(
      "euclid",
      k,
      [`the divisors that Euclid's algorithm uses for n and ${k}`, `the second numbers of Euclid's steps from n and ${k}`],
      [`seq, a, b = [], n, ${k}`, "while b:", "    seq.append(b)", "    a, b = b, a % b"],
      (n) => remainders(n, k),
    ),
  ),
];

const [filters, allMaps, , aggregates] = listSlots;
const maps = allMaps.filter((one) => one?.name !== "absolute"); // no number here is negative

export const integers: Family = {
  name: "integers",
  parameters: ["n"],
  slots: [sources, filters, maps, aggregates],
  elementNames: ["d", "x", "v"],
  tier: ([, filter, map, aggregate]) =>
    filter !== undefined && map !== undefined
      ? undefined
      : 1 + Number(filter !== undefined) + Number(map !== undefined) + Number(aggregate !== undefined),
  run: (choices, args) => present(choices).reduce<Value>((value, one) => one.apply(value, args), args[0]!),
  write: ([from, filter, map, aggregate], pen) => {
    const { setup, python } = from as Source;
    const numbers = pen.say(from!);
    const which = filter === undefined ? numbers : `those of ${numbers} that ${pen.say(filter)}`;
    const changed = map === undefined ? which : `${which}, ${pen.say(map)}`;
    const subject = aggregate === undefined ? changed : `${pen.say(aggregate)} of ${changed}`;
    return { subject, code: { body: returnOf(bodyOf({ setup, source: python("n"), filter, maps: [map], whole: [aggregate], look: pen.look })) } };
  },
};
