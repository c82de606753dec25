// Honest programs get the verdict that plain python3 gives them: the program and a test behind it in one file, and its exit code.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { honestPrograms, wholePrograms } from "./honest-programs.fixture.ts";
import { honestResults } from "./honest-results.fixture.ts";
import { findPython } from "./local/launch.ts";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const folder = mkdtempSync(join(tmpdir(), "honest-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Plain {
  passes: boolean;
  output: string;
}
const known = new Map<string, Plain>();

/** What Python itself says of a file. */
function plainly(code: string, input = ""): Plain {
  const before = known.get(code);
  if (before) return before;
  const file = join(folder, "program.py");
  writeFileSync(file, code);
  const { status, stdout } = spawnSync(findPython() as string, [file], { input, encoding: "utf8", env: { PYTHONHASHSEED: "0" } });
  const plain = { passes: status === 0, output: stdout };
  known.set(code, plain);
  return plain;
}

for (const level of LEVELS)
  describe.runIf(canRun(level))(`honest programs under ${titleOf(level)}`, () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await createSandbox({ workers: 2, wallTimeMs: 10_000, isolation: level });
    });
    afterAll(() => sandbox.close());

    it.each([...honestPrograms, ...honestResults])("$name", async ({ code, tests }) => {
      const expected = tests.map((test) => plainly(`${code}\n${test}`).passes);
      const { verdicts } = await sandbox.runTests({ code, entryPoint: "f", tests });
      expect(verdicts.map(({ verdict, detail }, i) => (verdict === "pass") === expected[i] || `${verdict} ${detail}: ${tests[i]}`)).toEqual(
        tests.map(() => true),
      );
    });

    it.each(wholePrograms)("a whole program: $name", async ({ code, stdin }) => {
      const [outcome] = (await sandbox.runProgram({ code, stdins: [stdin] })).outcomes;
      const { passes, output } = plainly(code, stdin);
      expect(outcome).toMatchObject(passes ? { status: "ok", value: output } : { status: "exception" });
    });
  });

it.runIf(findPython())("there are enough of them, and Python itself fails some", () => {
  const passes = honestPrograms.flatMap(({ code, tests }) => tests.map((test) => plainly(`${code}\n${test}`).passes));
  expect(passes.length).toBeGreaterThan(100);
  expect(passes.filter((each) => !each).length).toBeGreaterThan(20);
});
