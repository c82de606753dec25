// What a program makes others hold: this process, which reads the answers, and the supervisor that passes them on. Under Pyodide:
// pyodide/pyodide.test.ts.
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { descendants } from "./descendants.fixture.ts";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const MEGABYTES = 128;
const CALLS = 20;
const HOSTILE: Readonly<Record<string, string>> = {
  // Each is a text of 786,402 bytes, and some 20 MB for whoever reads it.
  "returns many small lists": "def f(x):\n    return [[]] * 262134",
  "returns many empty texts": "def f(x):\n    return [''] * 262134",
  "returns many small numbers": "def f(x):\n    return [1.5] * 40000",
  "forges answers of many small lists": `import os\ndef f(x):\n    line = b'["ok", [' + b'{},' * 650000 + b'{}]]\\n'\n    while line: line = line[os.write(3, line):]\n    return 0`,
  "forges failures of a megabyte": `import os\nline = b'["exception", "' + b'x' * 1000000 + b'"]\\n'\nwhile line: line = line[os.write(3, line):]`,
};

/** Bytes, at their most, of any of these processes. */
const peakOf = (pids: readonly number[]): number =>
  Math.max(
    ...pids.map((pid) => {
      try {
        return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
      } catch {
        return 0;
      }
    }),
  );

let sandbox: Sandbox | undefined;
afterEach(() => sandbox?.close());

/** What this process, and any that it started, have come to hold, megabytes. */
async function heldBy(work: () => Promise<unknown>): Promise<{ here: number; elsewhere: number }> {
  const before = process.memoryUsage().rss;
  let [here, elsewhere] = [0, 0];
  const timer = setInterval(() => {
    here = Math.max(here, process.memoryUsage().rss - before);
    elsewhere = Math.max(elsewhere, peakOf(descendants()));
  }, 20);
  await work();
  clearInterval(timer);
  return { here: Math.max(here, process.memoryUsage().rss - before) / 2 ** 20, elsewhere: elsewhere / 2 ** 20 };
}

describe.each(LEVELS)("under %s", (level) => {
  it.runIf(canRun(level)).each(Object.entries(HOSTILE))(
    `a program that %s makes nobody hold more than it may, under ${titleOf(level)}`,
    async (_, code) => {
      sandbox = await createSandbox({ workers: 1, isolation: level, memoryMb: MEGABYTES, wallTimeMs: 60_000 });
      const run = () => sandbox!.run({ code, entryPoint: "f", inputs: Array.from({ length: CALLS }, () => [1]), memoryMb: MEGABYTES });
      let outcomes: unknown[] = [];
      const { here, elsewhere } = await heldBy(async () => ({ outcomes } = await run()));
      expect(outcomes).toHaveLength(CALLS);
      expect(here).toBeLessThan(2.5 * MEGABYTES); // with what the collector has not yet seen
      expect(elsewhere).toBeLessThan(1.5 * MEGABYTES);
    },
    120_000,
  );

  it.runIf(canRun(level))(
    `all that a job prints is counted together, and one answer may be as large as allowed, under ${titleOf(level)}`,
    async () => {
      sandbox = await createSandbox({ workers: 1, isolation: level, wallTimeMs: 60_000, memoryMb: MEGABYTES });
      const stdins = Array.from({ length: 80 }, () => "");
      const { outcomes } = await sandbox.runProgram({ code: "print('x' * 1000000)", stdins });
      const statuses = outcomes.map(({ status }) => status);
      expect(statuses.indexOf("output-limit")).toBe(67); // 67 * 2 * 1,000,001 bytes are less than 128 MB
      expect(outcomes.at(-1)).toMatchObject({ status: "output-limit", detail: "too much output from all calls together" });
      const numbers = await sandbox.run({ code: "def f(x):\n    return [7] * x", entryPoint: "f", inputs: [[300_000], [3]], memoryMb: 512 });
      expect(numbers.outcomes.map((outcome) => outcome.status === "ok" && (outcome.value as unknown[]).length)).toEqual([300_000, 3]);
    },
    120_000,
  );
});

it.runIf(canRun("bubblewrap")).each([
  ["python", "i = 0\nwhile True:\n    open(f'/tmp/{i}', 'w').close()\n    i += 1"],
  ["python", "import os\ni = 0\nwhile True:\n    os.mkdir(f'/tmp/{i}')\n    i += 1"],
  ["javascript", "const fs = require('node:fs'); for (let i = 0; ; i++) fs.closeSync(fs.openSync('/tmp/' + i, 'w'));"],
] as const)(
  `a program in %s that fills /tmp with empty files is ended, and they are wiped, under ${titleOf("bubblewrap")}`,
  async (language, code) => {
    sandbox = await createSandbox({ workers: 1, isolation: "bubblewrap", wallTimeMs: 20_000 });
    const hostile = await sandbox.runProgram({ language, code, stdins: [""], writableTmp: true });
    expect(hostile.outcomes).toMatchObject([{ status: "memory" }]);
    expect(hostile.outcomes[0]!.milliseconds).toBeLessThan(10_000);
    const honest = `import os\nfor i in range(1000):\n    open(f'/tmp/{i}', 'w').close()\nprint(len(os.listdir('/tmp')))`;
    const after = await sandbox.runProgram({ code: honest, stdins: ["", ""], writableTmp: true });
    expect(after.outcomes).toMatchObject([{ status: "ok", value: "1000\n" }, { value: "1000\n" }]);
  },
  60_000,
);
