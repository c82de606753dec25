import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { WordGrams } from "../../contamination/word-grams.ts";
import { familyFigures, nearMissFigures, textFigures } from "./card.ts";
import { FAMILY_NAMES } from "./families.ts";
import { FULL_SPLITS } from "./places.ts";

const card = readFileSync(new URL("../../../../../docs/tinycode-card.md", import.meta.url), "utf8");
const cellsOf = (first: string): string[] =>
  card
    .split("\n")
    .find((line) => line.startsWith(`| ${first} `))!
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

describe("docs/tinycode-card.md", () => {
  it.each(["strings", "integers"])("has the counts and the hash of %s, as they are computed", (name) => {
    const { family, programs, splits, skeletons, rarest, sha256 } = familyFigures(name);
    const [first, ...cells] = cellsOf(`\`${name}\``);
    expect([first, ...cells.slice(0, -2), cells.at(-1)]).toEqual([
      `\`${family}\``,
      ...[programs, ...FULL_SPLITS.map((split) => splits[split]), skeletons, rarest].map(String),
      `\`${sha256}\``,
    ]);
  });

  it("adds up", () => {
    const [, ...all] = cellsOf("**all**");
    const rows = FAMILY_NAMES.filter((name) => !name.endsWith("-ahead")).map((name) => cellsOf(`\`${name}\``));
    for (let column = 1; column <= 9; column++) expect(rows.reduce((sum, cells) => sum + Number(cells[column]), 0)).toBe(Number(all[column - 1]));
    expect(Number(all[0])).toBeGreaterThanOrEqual(100_000);
    expect(all.slice(1, 8).reduce((sum, count) => sum + Number(count), 0)).toBe(Number(all[0]));
  });

  it("found no text in two parts, and none of a benchmark", () => {
    const results = [...card.matchAll(/^\| tasks [^|]*\| *(\d+) *\|$/gm)].map(([, count]) => count);
    expect(results).toEqual(["0", "0", "0"]);
  });
});

describe("the figures of the card", () => {
  it("count what is shared between parts, and overlaps", () => {
    const grams = new WordGrams(3);
    grams.add("all of them", "def f s return");
    const { overlaps, ...shared } = textFigures(["strings"], grams);
    expect(shared).toEqual({ sharedPrompts: 0, sharedPrograms: 0 });
    expect(overlaps).toBeGreaterThan(0);
  });

  it("count near misses that pass", () => {
    const { compared, passed } = nearMissFigures("strings", { programs: 2 });
    expect(compared).toBeGreaterThan(20);
    expect(passed / compared).toBeLessThan(0.2);
  });
});
