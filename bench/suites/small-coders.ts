// Small diffusion coders as a person meets them: from the start to the first token, a pass over a block with the exact cache, tokens a second, the
// second turn of a chat, and memory. Shapes of Qwen2.5-Coder-0.5B and Qwen3-1.7B with random weights, quantized once and kept, as of a download, the
// page cache warm; the tokens that a pass commits are scripted: 32 in eleven passes. Checkpoints are written on the first run and stay.
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Quantization } from "@diffucoder/model";
import { coderFolder, type CoderShape, coderShapes } from "../coder-checkpoints.ts";
import type { CoderRun } from "../coder-run.ts";
import { extent, measured, type Result, type Target } from "../measurement.ts";
import { findLlamaCpp, LLAMA_MISSING, startLlamaModel } from "../peers/llama-cpp.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "small-coders";
const ROUNDS = 3;
const BLOCK = 32;
const PROMPT = 256;

/** Of times: what else the machine does only adds to them. */
const best = (times: readonly number[]): number => Math.min(...times);

interface Bounds {
  firstToken: number;
  tokensPerSecond?: number;
  gigabytes: number;
}

const bounds: Record<"0.5B" | "1.7B", Bounds> = {
  "0.5B": { firstToken: 2, tokensPerSecond: 60, gigabytes: 1.2 },
  "1.7B": { firstToken: 5, tokensPerSecond: 20, gigabytes: 3 },
};

export async function smallCodersSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const root = process.env["DIFFUCODER_BENCH_CODERS"] ?? join(tmpdir(), "diffucoder-bench-coders");
  const results: Result[] = [];
  for (const shape of quick ? (["small"] as const) : (["0.5B", "1.7B"] as const)) {
    let int8Pass: number | undefined;
    const methods = quick ? (["int8"] as const) : (["int8", "int4"] as const);
    await script("write-coder", [root, shape, ...methods]);
    for (const method of methods) {
      say(`${SUITE} ${shape} ${method} ...`);
      const run = JSON.parse(await script("coder-run", [coderFolder(root, shape), method, String(quick ? 1 : ROUNDS)])) as CoderRun;
      const own = shape === "small" || method === "int4" ? undefined : bounds[shape];
      const pass = best(run.passMilliseconds);
      results.push(
        await passResult(`${shape}, ${method}`, { run, shape, method, rounds: quick ? 1 : ROUNDS, int8Pass }),
        ...others(`${shape}, ${method}`, run, own),
      );
      int8Pass ??= pass;
    }
  }
  return results;
}

/** What a program of the benchmarks prints. */
async function script(name: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [fileURLToPath(new URL(`./${name}.js`, import.meta.url)), ...args])).stdout;
}

interface PassOptions {
  run: CoderRun;
  shape: CoderShape;
  method: Quantization;
  rounds: number;
  /** That of int8, which int4 is compared with. */
  int8Pass: number | undefined;
}

/** int8 beside llama.cpp's batch of as many tokens at Q8_0, int4 beside int8. */
async function passResult(name: string, { run, shape, method, rounds, int8Pass }: PassOptions): Promise<Result> {
  const row = {
    suite: SUITE,
    name: `${name}, pass of ${BLOCK} after ${PROMPT} tokens`,
    ours: best(run.passMilliseconds),
    spread: extent(run.passMilliseconds),
    unit: "ms",
  };
  if (method === "int4") return measured({ ...row, peer: int8Pass, peerName: "our int8", target: { of: "ratio", atMost: 0.8 } });
  const folder = findLlamaCpp();
  const { config } = coderShapes[shape];
  // llama.cpp's Qwen2 has neither norms of q and k nor a free size of heads.
  if (folder === undefined || config.queryKeyNorm === true) return measured({ ...row, note: folder === undefined ? LLAMA_MISSING : undefined });
  const llama = await startLlamaModel(folder, { config, format: "Q8_0", tokens: BLOCK, history: PROMPT });
  try {
    const times: number[] = [];
    for (let i = 0; i <= 4 * rounds; i++) times.push(await llama.run());
    const warm = times.slice(1);
    return measured({ ...row, peer: best(warm), peerSpread: extent(warm), peerName: llama.name, target: { of: "ratio", atMost: 0.6 } });
  } finally {
    llama.close();
  }
}

function others(name: string, run: CoderRun, own: Bounds | undefined): Result[] {
  const target = (bound: Omit<Target, "of"> | undefined) => bound && { target: { of: "ours" as const, ...bound } };
  const row = (what: string, ours: number, unit: string, bound?: Omit<Target, "of">): Result =>
    measured({ suite: SUITE, name: `${name}, ${what}`, ours, unit, ...target(bound) });
  return [
    row(
      "2.9 tokens a pass, after the prompt",
      run.laterTokensPerSecond,
      "tokens/s",
      own?.tokensPerSecond === undefined ? undefined : { atLeast: own.tokensPerSecond },
    ),
    row("2.9 tokens a pass, prompt included", run.tokensPerSecond, "tokens/s"),
    row("start to first token", run.firstTokenSeconds, "s", own && { atMost: own.firstToken }),
    row("peak memory", run.peakBytes / 1e9, "GB", own && { atMost: own.gigabytes }),
    measured({
      suite: SUITE,
      name: `${name}, first token of a second turn`,
      ours: run.turnSeconds.kept,
      unit: "s",
      peer: run.turnSeconds.anew,
      peerName: "the same with another history",
    }),
    row(`tokens of ${run.historyTokens} of history computed again`, run.historyTokens - run.reusedTokens, "tokens", { atMost: BLOCK - 1 }),
  ];
}
