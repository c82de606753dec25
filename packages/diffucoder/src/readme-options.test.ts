import { readFileSync } from "node:fs";
import { DECODER_NAMES, DECODERS } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const names = (cell: string): string[] => Array.from(cell.matchAll(/`(\w+)`/g), ([, name]) => name!);
/** Options by decoder, as the table of README.md has them. */
const table = new Map(
  Array.from(readme.matchAll(/^\| `(\w+)` +\| [^|]+ \| ([^|]+) \|$/gm), ([, alg, reads]) => [alg!, names(reads!).toSorted()] as const),
);

describe("README.md", () => {
  it("has every decoder in its table, in the registry's order", () => {
    expect([...table.keys()].filter((name) => (DECODER_NAMES as readonly string[]).includes(name))).toEqual(DECODER_NAMES);
  });

  it.each(DECODER_NAMES)("says which options %s reads", (alg) => {
    expect(table.get(alg)).toEqual(Object.keys(DECODERS[alg].options.shape).toSorted());
  });
});
