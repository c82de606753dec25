import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";
import { afterEach, expect, vi } from "vitest";

// Which programs a test file has started, for .ci/run: on a machine that lacks some, only those files are run again.
const started: { spawnfile: string }[] = []; // processes: Node announces them before they know their program
subscribe("child_process", (message) => started.push((message as { process: { spawnfile: string } }).process));
afterEach(({ task }) => {
  if (started.length > 0) task.meta.programs = [...new Set(started.map(({ spawnfile }) => basename(spawnfile)))];
});

// FUZZ_SECONDS=120 npx vitest run --project @diffucoder/model -t "anything": properties run for so long instead of a number of times,
// those that set no number of their own, and say how many inputs they tried.
const fuzzSeconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
if (fuzzSeconds > 0) {
  const { default: fc } = await import("fast-check");
  fc.configureGlobal({
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: 1000 * fuzzSeconds,
    reporter: (details) => {
      process.stdout.write(`${expect.getState().currentTestName}: ${details.numRuns} inputs\n`);
      if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
    },
  });
}

// Packages do not print: a test that reaches the console fails.
for (const method of ["log", "info", "warn", "error", "debug"] as const) {
  vi.spyOn(console, method).mockImplementation((...words: unknown[]) => {
    throw new Error(`console.${method} was called: ${words.join(" ")}`);
  });
}

/** Arrays of tensor keep their elements in a private field, which `toEqual` does not see: shapes and dtypes alone would be compared. */
const isArray = (value: unknown): value is { shape: number[]; dtype: string; data: ArrayLike<number> } => value?.constructor?.name === "NdArray";
expect.addEqualityTesters([
  function (this: { equals: (a: unknown, b: unknown) => boolean }, a: unknown, b: unknown) {
    if (!isArray(a) || !isArray(b)) return isArray(a) === isArray(b) ? undefined : false;
    return this.equals([a.shape, a.dtype, a.data], [b.shape, b.dtype, b.data]);
  },
]);

expect.extend({
  /** Every number of `received` lies within `atol + rtol * |expected|` of `expected`. */
  toBeAllclose(received: ArrayLike<number>, expected: ArrayLike<number>, { atol = 1e-6, rtol = 1e-5 }: { atol?: number; rtol?: number } = {}) {
    if (received.length !== expected.length) {
      return { pass: false, message: () => `expected ${expected.length} numbers, received ${received.length}` };
    }
    for (let i = 0; i < expected.length; i++) {
      const [got, want] = [received[i] ?? Number.NaN, expected[i] ?? Number.NaN];
      if (got === want || (Number.isNaN(got) && Number.isNaN(want))) continue;
      if (!(Math.abs(got - want) <= atol + rtol * Math.abs(want))) {
        return { pass: false, message: () => `at [${i}] expected ${want}, received ${got} (atol ${atol}, rtol ${rtol})` };
      }
    }
    return { pass: true, message: () => "all numbers are close" };
  },
});
