// The numbers in ../../python/system_calls.py against the kernel's own: a wrong one would deny what programs need, or allow what they must
// not do. arm64 uses the generic table, which is among the headers of every architecture, so that it can be checked where it cannot be run.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { shippedFile } from "../shipped-file.ts";

const FILES = { "x86-64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", arm64: "/usr/include/asm-generic/unistd.h" };
/** What the generic table calls by the name of its 64-bit form. */
const ALIASES: Readonly<Record<string, string>> = { fstatat: "newfstatat" };

const source = shippedFile("python/system_calls.py");
const rows = (/NUMBERS = """([^]*?)"""/.exec(source)?.[1] ?? "").split(",").map((row) => row.trim().split(/\s+/) as [string, string, string]);
const wordsOf = (name: string): string[] => (new RegExp(`${name} = "+([^"]*)"`).exec(source)?.[1] ?? "").trim().split(/\s+/);

function numbersIn(path: string): Map<string, string> {
  const numbers = new Map<string, string>();
  for (const [, name = "", number = ""] of readFileSync(path, "utf8").matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm)) {
    numbers.set(ALIASES[name] ?? name, number);
  }
  return numbers;
}

describe.each(Object.entries(FILES))("system calls of %s", (architecture, path) => {
  const has = existsSync(path);
  it.runIf(has)(`have the kernel's numbers${has ? "" : ` (SKIPPED: there is no ${path})`}`, () => {
    const kernel = numbersIn(path);
    const ours = rows.map(([name, x86, arm]) => [name, architecture === "arm64" ? arm : x86]);
    expect(ours).toEqual(rows.map(([name]) => [name, kernel.get(name) ?? "-"]));
  });
});

it("every call of a list has a number, once", () => {
  const names = rows.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const list of ["COMPUTING", "WRITING", "ENGINE"]) {
    expect(wordsOf(list).length).toBeGreaterThan(3);
    expect(wordsOf(list).filter((name) => !names.includes(name))).toEqual([]);
  }
});
