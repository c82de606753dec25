// The small diffusion coders, held to all that their golden directories hold.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkDirectory } from "./check-directory.ts";

const fixtures = fileURLToPath(new URL("../../packages/model/fixtures", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/golden", import.meta.url));

const familiesIn = (root: string): string[] =>
  (existsSync(root) ? readdirSync(root) : []).filter((name) => !name.startsWith("dream") && existsSync(join(root, name, "generate.json")));

/** Whether the fixture of the same name holds the same, and is checked for both. */
const isFixture = (name: string): boolean => {
  const [ours, theirs] = [join(fixtures, name), join(shared, name)];
  const files = readdirSync(theirs, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.every(({ parentPath, name: file }) => {
    const path = join(parentPath, file);
    const own = join(ours, relative(theirs, path));
    return existsSync(own) && readFileSync(own).equals(readFileSync(path));
  });
};

async function expectEqual(directory: string): Promise<void> {
  const results = await checkDirectory(directory);
  expect(results.map(({ file }) => file)).toEqual(expect.arrayContaining(readdirSync(directory).filter((file) => CHECKED.includes(file))));
  for (const { file, status, detail } of results) expect(`${file}: ${status}`, detail).toBe(`${file}: ok`);
}

const CHECKED = ["forward.json", "generate.json", "generate-card.json", "schedule.json", "train.json"];

describe("a small diffusion coder", () => {
  it("is there for each family", () => expect(familiesIn(fixtures)).toHaveLength(7));

  it.each(familiesIn(fixtures))("%s decodes and computes as its reference does", (name) => expectEqual(join(fixtures, name)), 120_000);

  for (const name of familiesIn(shared).filter((one) => !isFixture(one)))
    it(`${name} of ../shared/golden decodes and computes as its reference does`, () => expectEqual(join(shared, name)), 120_000);
});
