// Programs and tests written as modules, which most JavaScript is.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

describe.runIf(canRun("process"))(`modules of JavaScript and TypeScript, under ${titleOf("process")}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, isolation: "process" });
  });
  afterAll(() => sandbox.close());

  it.each([
    ["a function", "export function f(x) { return x + 1 }"],
    ["a constant", "export const f = (x) => x + 1;"],
    ["a class beside it", "export class A { add(x) { return x + 1 } }\nexport const f = (x) => new A().add(x);"],
    ["a default function", "export default function f(x) { return x + 1 }"],
    ["a default function without a name", "export default (x) => x + 1;"],
    ["a list", "function f(x) { return x + 1 }\nexport { f };"],
    ["another name", "function add(x) { return x + 1 }\nexport { add as f };"],
    ["an import", 'import { ok } from "node:assert";\nfunction f(x) { ok(x); return x + 1 }'],
    ["a default import", 'import assert from "assert";\nexport const f = (x) => { assert.ok(x); return x + 1 };'],
    ["all of an import", 'import * as util from "node:util";\nexport const f = (x) => Number(util.format("%d", x + 1));'],
    ["module.exports", "module.exports = { f };\nfunction f(x) { return x + 1 }"],
    ["words in a text alone", 'const import1 = "export default 1";\nfunction f(x) { return import1.length - 15 + x }\n// import x from y'],
    ["sloppy code with those words", "x = 1; // export\nfunction f(y) { return x + y }"],
  ])("run with %s", async (_, code) => {
    for (const language of ["javascript", "typescript"] as const) {
      const { parses, outcomes } = await sandbox.run({ language, code, entryPoint: "f", inputs: [[2]] });
      expect([parses, outcomes]).toMatchObject([true, [{ status: "ok", value: 3 }]]);
    }
  });

  it("run with types, which are taken away first", async () => {
    const code = 'import type { A } from "./nowhere";\nexport interface B { x: number }\nexport const f = ({ x }: B): number => x + 1;';
    const { outcomes } = await sandbox.run({ language: "typescript", code, entryPoint: "f", inputs: [[{ x: 2 }]] });
    expect(outcomes).toMatchObject([{ status: "ok", value: 3 }]);
  });

  it("run as whole programs and as tests", async () => {
    const code = 'import { readFileSync } from "node:fs";\nexport {};\nconsole.log(readFileSync("/dev/stdin", "utf8").trim() + "!");';
    expect((await sandbox.runProgram({ language: "javascript", code, stdins: ["a\n"] })).outcomes).toMatchObject([{ status: "ok", value: "a!\n" }]);
    const tests = [2, 3].map((wanted) => `import assert from "node:assert/strict";\nassert.equal(f(1), ${wanted});`);
    for (const entryPoint of ["f", undefined]) {
      const job = { language: "javascript", code: "export function f(x) { return x + 1 }", tests, ...(entryPoint && { entryPoint }) } as const;
      expect((await sandbox.runTests(job)).verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "wrong"]);
    }
  });

  it("that do not parse are told from those that import what is not there", async () => {
    const broken = await sandbox.run({ language: "javascript", code: "export function f(x {}", entryPoint: "f", inputs: [[1]] });
    expect(broken).toMatchObject({ parses: false, outcomes: [{ status: "exception", detail: "SyntaxError" }] });
    const missing = await sandbox.run({
      language: "javascript",
      code: 'import x from "lodash";\nexport const f = x;',
      entryPoint: "f",
      inputs: [[1]],
    });
    expect(missing).toMatchObject({ parses: true, outcomes: [{ status: "exception", detail: "Error" }] });
  });
});
