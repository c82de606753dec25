import type { Attack } from "./attack.fixture.ts";

const inTypeScript = (attacks: Attack[]): Attack[] => attacks.map((attack) => ({ ...attack, language: "typescript" }));
const nested = 40;

// Programs that attack the parser before they run.
export const parsers: Attack[] = [
  ...inTypeScript([
    {
      name: "makes a parser try each bracket twice",
      code: `const y = ${"(a = ".repeat(nested)}1${") => 1".repeat(nested)};\nfunction f(x: number) { return 0; }`,
      verdict: "timeout",
    },
    { name: "opens brackets without end, with types", code: `const y: number = ${"[".repeat(300_000)}`, verdict: ["exception", "timeout"] },
    {
      name: "is a megabyte of types",
      code: `${"type A = { a: number };".repeat(50_000)}\nfunction f(x: number) { return 0; }`,
      verdict: ["wrong", "timeout", "memory"],
    },
  ]),
  { name: "nests operators without end", code: `x = ${"-".repeat(300_000)}1`, verdict: ["exception", "memory"] },
  { name: "indents without end", code: Array.from({ length: 200 }, (_, i) => `${" ".repeat(i)}if 1:`).join("\n"), verdict: "exception" },
  {
    name: "chains comparisons and calls without end",
    code: `x = 1${" < 1".repeat(100_000)}\ny = f${"()".repeat(50_000)}`,
    verdict: ["exception", "memory"],
  },
];
