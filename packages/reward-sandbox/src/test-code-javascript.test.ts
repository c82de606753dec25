// JavaScript and TypeScript: calls, and tests that are code.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import type { TestJob } from "./jobs.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

for (const isolation of LEVELS)
  describe.runIf(canRun(isolation))(`JavaScript and TypeScript under ${titleOf(isolation)}`, () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await createSandbox({ workers: 1, wallTimeMs: 2000, isolation });
    });
    afterAll(() => sandbox.close());
    const verdictsOf = async (job: TestJob): Promise<string[]> =>
      (await sandbox.runTests(job)).verdicts.map(({ verdict, detail }) => (detail === "" ? verdict : `${verdict}: ${detail}`));

    it("call functions", async () => {
      const { outcomes } = await sandbox.run({
        language: "typescript",
        code: "enum Kind { A = 7 }\nconst f = (x: any): unknown => x === 5 ? new Map([[x, Kind.A]]) : x === 6 ? class {} : x === 7 ? process.exit(0) : [x, undefined, -0]",
        entryPoint: "f",
        inputs: [[1], [5], [6], [7], ["a"]],
      });
      expect(outcomes).toMatchObject([
        { status: "ok", value: [1, { undefined: true }, { float: "-0" }] },
        { status: "ok", value: { map: [[5, 7]] } },
        { status: "wrong", detail: "returned a value of type function, which is not plain data" },
        { status: "exception", detail: "exit" },
        { status: "ok", value: ["a", { undefined: true }, { float: "-0" }] },
      ]);
    });

    it("run tests apart from the program, and inside it with less trust", async () => {
      const tests = [1, 2].map(
        (x) =>
          `const assert = require('node:assert');\nfunction test() {\n  let candidate = f;\n  assert.deepEqual(candidate(${x}), [2]);\n}\ntest();`,
      );
      const wrong = "wrong: AssertionError: Expected values to be loosely deep-equal:\n\n[\n  3\n]\n\nshould loosely deep-equal\n\n[\n  2\n]";
      const code = "function f(x) { return [x + 1]; }";
      for (const entryPoint of ["f", undefined]) {
        expect(await verdictsOf({ language: "javascript", code, tests, ...(entryPoint && { entryPoint }) })).toEqual(["pass", wrong]);
      }
      const hostile = "require('node:assert').deepEqual = () => {}; function f() { return 0; }";
      expect((await verdictsOf({ language: "javascript", code: hostile, tests }))[0]).toMatch(/^wrong/);
      const leaves = "function f() { process.exit(0); }";
      for (const entryPoint of ["f", undefined]) {
        expect(await verdictsOf({ language: "javascript", code: leaves, tests: tests.slice(1), ...(entryPoint && { entryPoint }) })).toEqual([
          "exception: exit",
        ]);
      }
      expect(await verdictsOf({ language: "typescript", code: "function f(x: {", tests, entryPoint: "f" })).toEqual([
        "exception: SyntaxError",
        "exception: SyntaxError",
      ]);
    });

    it("wait for promises and timers of a test", async () => {
      const assert = "const assert = require('node:assert');";
      const tests = [
        `${assert} (async () => { assert.equal(await f(1), 2); })();`,
        `${assert} async function main() { assert.equal(await f(1), 2); }\nmain();\nlet x = 1;`,
        `${assert} setTimeout(() => assert.equal(f(1), 2), 5);`,
        `${assert} Promise.resolve().then(() => assert.equal(f(1), 2)).catch(() => process.exit(1));`,
        `require('node:test')('f', () => require('node:assert').equal(f(1), 2));`,
      ];
      for (const entryPoint of ["f", undefined]) {
        const job = {
          language: "javascript",
          tests: tests.filter((_, i) => entryPoint !== undefined || i !== 3),
          ...(entryPoint && { entryPoint }),
        } as const;
        expect(await verdictsOf({ ...job, code: "function f(x) { return x + 1; }" })).toEqual(job.tests.map(() => "pass"));
        for (const verdict of await verdictsOf({ ...job, code: "function f(x) { return x; }" })) expect(verdict).toMatch(/^wrong|^exception: exit/);
      }
      const open = { language: "javascript", entryPoint: "f", tests: ["f(1); new Promise(() => {})"] } as const;
      expect(await verdictsOf({ ...open, code: "function f(x) {}" })).toEqual(["exception: a promise was never settled"]);
      expect(await verdictsOf({ ...open, code: "function f(x) {}", tests: ["// f(1)"] })).toEqual(["infrastructure: the test never calls f"]);
      expect(await verdictsOf({ ...open, code: "function f(x) {}", tests: [`${assert}\nfunction check(g) { assert(g(1)); }`] })).toEqual([
        "wrong: AssertionError: undefined == true",
      ]);
    });

    it("show a test promises as promises and errors as they were thrown", async () => {
      const code = `class Low extends RangeError { constructor(x) { super(x + " is low", { cause: new TypeError("t") }); this.code = "E_LOW"; this.at = [x]; } }
          async function later(x) { if (x < 0) throw new Low(x); return x; }
          function f(x, how) { if (how === "later") return later(x); if (how === "value") throw { x }; if (x < 0) throw new Low(x); throw new TypeError("bad"); }`;
      const tests = [
        "assert.throws(() => f(1), TypeError); assert.throws(() => f(1), /bad/); assert.throws(() => f(1), { name: 'TypeError', message: 'bad' });",
        "assert.throws(() => f(-1), RangeError); assert.throws(() => f(-1), (e) => e.constructor.name === 'Low' && e.code === 'E_LOW' && e.at[0] === -1 && e.cause instanceof TypeError);",
        "assert.throws(() => f(1, 'value'), { x: 1 });",
        "f(1, 'later').then((x) => assert.equal(x, 1));",
        "assert.rejects(f(-1, 'later'), { message: '-1 is low' });",
        "assert.throws(() => f(1), RangeError);",
        "f(-1, 'later');",
      ];
      const verdicts = await verdictsOf({
        language: "javascript",
        code,
        entryPoint: "f",
        tests: tests.map((test) => `const assert = require('node:assert'); ${test}`),
      });
      expect(verdicts.with(5, verdicts[5]!.slice(0, 21))).toEqual([
        "pass",
        "pass",
        "pass",
        "pass",
        "pass",
        "wrong: AssertionError",
        "exception: RangeError",
      ]);
    });

    it("have limits on time, memory and system calls", async () => {
      const programs = [
        "for (;;);",
        "const all = []; for (;;) all.push(Array(1e6).fill(1.5))",
        "const all = []; for (;;) all.push(Buffer.alloc(1 << 26, 1))",
        "require('child_process').execSync('true')",
        "require('fs').writeFileSync('/tmp/left-behind', 'x')",
      ];
      const statuses = [];
      for (const code of programs) {
        const wallTimeMs = code.startsWith("require") ? 10_000 : 800; // what must not time out has time on a busy machine too
        const { outcomes } = await sandbox.runProgram({ language: "javascript", code, stdins: [""], memoryMb: 64, wallTimeMs });
        statuses.push(outcomes[0]!.status);
      }
      expect(statuses.join()).toMatch(/^timeout,(memory|timeout),(memory|timeout),forbidden,forbidden$/); // as fast as the machine is
    });

    it("run what a test declares, wait where it waits, and fail what it asserts by console", async () => {
      const assert = "const assert = require('node:assert');";
      const tests = [
        `${assert}\nfunction test_f() { assert.equal(f(1), 2); }`,
        `${assert}\nassert.equal(await f(1), 2);`,
        `${assert}\nawait 0;\nfunction test_f() { assert.equal(f(1), 2); }`,
        "console.assert(f(1) === 2, 'not 2');",
      ];
      for (const entryPoint of ["f", undefined]) {
        const job = { language: "javascript", tests, ...(entryPoint && { entryPoint }) } as const;
        expect(await verdictsOf({ ...job, code: "function f(x) { return x + 1; }" })).toEqual(tests.map(() => "pass"));
        for (const verdict of await verdictsOf({ ...job, code: "function f(x) { return x; }" })) expect(verdict).toMatch(/^wrong: AssertionError/);
      }
    });

    it("find a function that a program exports", async () => {
      const programs = [
        "exports.f = (x) => x + 1;",
        "module.exports = { f: (x) => x + 1 };",
        "module.exports = (x) => x + 1;",
        "const f = (x) => x + 1;",
      ];
      for (const code of programs) {
        const { outcomes } = await sandbox.run({ language: "javascript", code, entryPoint: "f", inputs: [[1]] });
        expect(outcomes, code).toMatchObject([{ status: "ok", value: 2 }]);
      }
    });

    it("see what a call has changed in its arguments", async () => {
      const code = "function f(x) { x.list.push(1); delete x.gone; x.map.set('k', 2); x.set.add(3); x.list.sort(); }";
      const test = (last: number): string => `const assert = require('node:assert');
          const list = [5], map = new Map(), set = new Set(), x = { list, map, set, gone: 1 };
          f(x);
          assert.deepStrictEqual(x, { list: [1, 5], map: new Map([["k", ${last}]]), set: new Set([3]) });
          assert.equal(x.list, list); assert.equal(map.size, 1); assert.equal(x.set, set);`;
      expect((await sandbox.runTests({ language: "javascript", code, entryPoint: "f", tests: [test(2), test(9)] })).verdicts).toMatchObject([
        { verdict: "pass" },
        { verdict: "wrong" },
      ]);
    });
  });
