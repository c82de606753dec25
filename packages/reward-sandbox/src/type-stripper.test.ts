import { performance } from "node:perf_hooks";
import { afterAll, describe, expect, it } from "vitest";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox } from "./sandbox.ts";
import { TypeStripper } from "./type-stripper.ts";

/** `(a = (a = ... 1) => 1) => 1`: whether a bracket begins parameters is tried again at each level. */
const nestedArrows = (depth: number): string => `const y = ${"(a = ".repeat(depth)}1${") => 1".repeat(depth)};`;

const stripper = new TypeStripper({ memoryMb: 64 });
afterAll(() => stripper.close());
const strip = (code: string, milliseconds = 20_000) => stripper.strip(code, { milliseconds });

/** The longest that this process's event loop stood still meanwhile, milliseconds. */
async function stillness(work: Promise<unknown>): Promise<number> {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  await work;
  clearInterval(timer);
  return Math.max(longest, performance.now() - last);
}

describe("TypeStripper", () => {
  it("takes types away, and says of what does not parse that it does not", async () => {
    expect(await strip("type N = number; function f(x: N): N { return x as N; }")).toEqual({ code: " function f(x) { return x ; }" });
    expect(await strip("function f(x: { return }")).toEqual({ failure: "syntax" });
    expect(await strip(`let x = ${"[".repeat(100_000)}`)).toEqual({ failure: "syntax" });
  });

  it("is ended where the parser takes longer than it may, and works for the next program", async () => {
    expect(await strip(nestedArrows(40), 200)).toEqual({ failure: "timeout" });
    expect(await strip("let x: number;")).toEqual({ code: "let x;" });
  });

  it("is ended where the parser takes more memory than it may, and works for the next program", async () => {
    expect(await strip("x".repeat(10) + ";a".repeat(20_000_000))).toEqual({ failure: "memory" });
    expect(await strip("let x: number;")).toEqual({ code: "let x;" });
  });
});

it("a sandbox that is closed meanwhile says so", async () => {
  const worker = { start: async () => {}, run: async () => undefined, close: () => {} };
  const isolation = { level: "remote", description: "elsewhere" } as const;
  const sandbox = await createSandbox({ isolation: { isolation, languages: ["javascript"], writableTmp: false, worker: () => worker } });
  const run = () => sandbox.run({ language: "typescript", code: nestedArrows(40), entryPoint: "f", inputs: [[1]] });
  await run(); // its thread is started
  const running = run();
  setTimeout(() => sandbox.close(), 50);
  const outcomes = [{ status: "infrastructure", detail: "the sandbox was closed" }];
  expect(await running).toMatchObject({ outcomes });
});

it.runIf(canRun("process"))(
  `the host goes on while a program's types take for ever, and so do other programs, under ${titleOf("process")}`,
  async () => {
    const sandbox = await createSandbox({ workers: 2, isolation: "process" });
    const run = (code: string) => sandbox.run({ language: "typescript", code, entryPoint: "f", inputs: [[1], [2]], wallTimeMs: 3000 });
    const honest = "function f(x: number): number { return x + 1; }";
    await run(honest);
    const hostile = run(`${nestedArrows(40)}\n${honest}`);
    expect(await stillness(run(honest).then(({ outcomes }) => expect(outcomes).toMatchObject([{ value: 2 }, { value: 3 }])))).toBeLessThan(1000);
    expect(await stillness(hostile)).toBeLessThan(1000); // it is 3000 at least where the host parses
    const detail = "its types take too long to parse";
    expect(await hostile).toMatchObject({ parses: false, outcomes: [1, 2].map(() => ({ status: "timeout", detail })) });
    sandbox.close();
  },
  60_000,
);

it.runIf(canRun("process"))(`a job's own limit of time holds for its types too, under ${titleOf("process")}`, async () => {
  const sandbox = await createSandbox({ workers: 1, isolation: "process", wallTimeMs: 600_000 });
  const job = { language: "typescript", code: nestedArrows(40), entryPoint: "f", inputs: [[1]], wallTimeMs: 500 } as const;
  expect((await sandbox.run(job)).outcomes).toMatchObject([{ status: "timeout", detail: "its types take too long to parse" }]);
  sandbox.close();
});
