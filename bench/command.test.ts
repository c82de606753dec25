import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runBench } from "./command.ts";

async function run(...args: string[]): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), error: (text: string) => void said.push(text) };
  return { code: await runBench(args, terminal), said };
}

it("names the suites when asked for one that is not there", async () => {
  expect(await run("speed")).toEqual({
    code: 1,
    said: [
      "There is no suite speed; there are train-step, train-step-160M, engine, javascript-overhead, forward, projections, denoise, pareto, quantized-layer, kernels, samplers, constraints, sandbox, eval-canonical, eval-infilling, eval-bigcodebench, coupled-grpo-step, grpo, queue, estimators, tokenizer, loading, published-7B, small-coders, serve, speculation, webgpu.",
    ],
  });
});

it("does not take a suite for the file of --json", async () => {
  expect(await run("--json", "sandbox")).toEqual({
    code: 1,
    said: ["--json sandbox could mean a file or a suite: put --json last, or write --json ./sandbox."],
  });
});

it("says what --tasks must be", async () => {
  expect(await run("pareto", "--tasks", "some")).toEqual({
    code: 1,
    said: ["error: option '--tasks <number>' argument 'some' is invalid. It must be an integer above 0."],
  });
});

it("finds out before it measures that the file of --json cannot be written to", async () => {
  const file = fileURLToPath(import.meta.url);
  const { code, said } = await run("tokenizer", "--json", `${file}/results.json`);
  expect(code).toBe(1);
  expect(said).toEqual([expect.stringContaining(file)]);
});
