// PyTorch for comparison, in a process of its own that is fed the same weights and batch, and works only when asked.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Precision } from "@diffucoder/tensor";
import { type BenchModel, makeBatch } from "../models.ts";
import { optimizer } from "../training-step.ts";
import { type Ask, asker } from "./asker.ts";

/** What the peer can be asked for, and its answers. */
export interface Answers {
  train: { milliseconds: number; loss: number; gradNorm: number; peakBytes: number };
  /** The first of the logits, to compare. */
  forward: { milliseconds: number; logits: number[] };
  generate: { milliseconds: number; sequences: number[][] };
  grpo: { milliseconds: number; samplingMilliseconds: number };
}

/** Dream's names; see `dream_generate.py`. */
export interface TorchGeneration {
  promptIds: readonly (readonly number[])[];
  options: { max_new_tokens: number; steps: number; alg: string; temperature: number; top_p?: number | undefined };
  /** Of an iteration of coupled-GRPO; see `coupled_grpo.py`. */
  grpo?: { mu: number; beta: number; epsilon: number; max_grad_norm: number };
}

export interface TorchPeer<Work extends keyof Answers> {
  name: string;
  /** One training step, one forward pass, or one generation, in the precision that it was started for or in another. */
  run(precision?: PeerPrecision): Promise<Answers[Work]>;
  close(): void;
}

/** A Python whose PyTorch can be compared with, or why there is none and the way out. */
export type TorchSearch = { python: string; problem?: undefined } | { python?: undefined; problem: string };

const WAY_OUT = "apt-get install python3-torch libopenblas0-pthread";

/** The Python that `TORCH_PYTHON` names, and no other; else Debian's first: that is where python3-torch is. */
function pythons(): string[] {
  const { TORCH_PYTHON } = process.env;
  return TORCH_PYTHON ? [TORCH_PYTHON] : ["/usr/bin/python3", "/usr/local/bin/python3"];
}

/**
 * Multiplies matrices and says which libraries did it. Debian's python3-torch alone brings the reference BLAS, whose plain
 * loops are thirty times slower than OpenBLAS: a comparison with it would flatter us.
 */
const PROBE = `
import torch
x = torch.ones(64, 64)
x @ x
try:
    print(" ".join({line.split()[-1] for line in open("/proc/self/maps") if "/" in line}))
except OSError:
    pass
`;

/** The first Python that can import torch, with a BLAS that is worth a comparison. */
export function findTorch(): TorchSearch {
  for (const python of pythons().filter((path) => existsSync(path))) {
    try {
      const libraries = execFileSync(python, ["-c", PROBE], { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 }).toString();
      return usesReferenceBlas(libraries) ? { problem: `on the slow reference BLAS (${WAY_OUT})` } : { python };
    } catch {
      // It has no torch: the next one may.
    }
  }
  const { TORCH_PYTHON } = process.env;
  return { problem: TORCH_PYTHON ? `not in TORCH_PYTHON, ${TORCH_PYTHON}` : `not installed (${WAY_OUT})` };
}

/** The Python of `findTorch`, if its PyTorch has a GPU. */
export function findCudaTorch(): TorchSearch {
  const torch = findTorch();
  if (torch.python === undefined) return torch;
  const hasGpu = execFileSync(torch.python, ["-c", "import torch; print(torch.cuda.is_available())"], { stdio: ["ignore", "pipe", "ignore"] });
  return hasGpu.toString().trim() === "True" ? torch : { problem: `without CUDA in ${torch.python}` };
}

/** Whether loaded libraries, by path, hold the reference BLAS. The replacements are called `libblas.so.3`, without a version behind it. */
export function usesReferenceBlas(libraries: string): boolean {
  return /\/libblas\.so\.3\.\d/.test(libraries);
}

/**
 * Without a passive wait policy the threads of OpenMP and OpenBLAS fight, and PyTorch is several times slower than it can
 * be. OpenBLAS takes processors with AVX-512 that it does not know for old ones, unless it is told otherwise.
 */
function environment(): NodeJS.ProcessEnv {
  const hasAvx512 = existsSync("/proc/cpuinfo") && readFileSync("/proc/cpuinfo", "utf8").includes(" avx512f ");
  return { ...process.env, OMP_WAIT_POLICY: "PASSIVE", ...(hasAvx512 && { OPENBLAS_CORETYPE: "SkylakeX" }) };
}

/** `"tf32"` on CUDA only. */
export type PeerPrecision = Precision | "tf32";

interface TorchOptions {
  rows?: number;
  generation?: TorchGeneration;
  /** @default "float32" */
  precision?: PeerPrecision;
  /** @default "cpu" */
  device?: "cpu" | "cuda";
}

/** Loads a model into a PyTorch process. @throws {UnavailableError} if it ends or does not answer for two minutes */
export async function startTorch<Work extends keyof Answers>(
  python: string,
  model: BenchModel,
  work: Work,
  { rows = model.batchSize, generation, precision = "float32", device = "cpu" }: TorchOptions = {},
): Promise<TorchPeer<Work>> {
  const folder = mkdtempSync(join(tmpdir(), "bench-torch-"));
  writeModel(folder, model);
  const child = spawn(python, [fileURLToPath(new URL("../peers/torch_peer.py", import.meta.url))], {
    env: environment(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ask = asker(child, "The PyTorch peer");
  const close = (): void => void child.kill();
  const run = (inPrecision = precision): Promise<Answers[Work]> =>
    ask({ do: work, rows, bf16: inPrecision === "bf16", tf32: inPrecision === "tf32", ...generation });
  try {
    const load = { do: "load", folder, device };
    const { version } = await ask<{ version: string }>(load);
    if (device === "cuda") return { name: `torch ${version} on CUDA`, run, close };
    const threads = await fasterThreadCount(ask, () => run());
    await ask(load); // as if it had not trained yet
    const named = `torch ${version}${precision === "bf16" ? " bf16 autocast" : ""}`;
    return { name: `${named}, ${threads} ${threads === 1 ? "thread" : "threads"}`, run, close };
  } catch (error) {
    close();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const TRIALS = 5;
/** Milliseconds after which a long piece of work need not be tried again. */
const ENOUGH = 3000;

/** Small networks are faster on one thread than on two. The peer gets the better of the two; we always take both. */
async function fasterThreadCount(ask: Ask, run: () => Promise<{ milliseconds: number }>): Promise<number> {
  const best: Record<number, number> = {};
  for (const count of [1, 2]) {
    await ask({ do: "threads", count });
    const times: number[] = [];
    for (let i = 0; i < TRIALS && times.reduce((a, b) => a + b, 0) < ENOUGH; i++) times.push((await run()).milliseconds);
    best[count] = Math.min(...times);
  }
  const chosen = best[1]! < best[2]! ? 1 : 2;
  await ask({ do: "threads", count: chosen });
  return chosen;
}

function writeModel(folder: string, model: BenchModel): void {
  const { inputIds, targets, weights } = makeBatch(model);
  const rows = (flat: Int32Array | Float32Array): number[][] =>
    Array.from({ length: model.batchSize }, (_, row) => Array.from(flat.subarray(row * model.length, (row + 1) * model.length)));
  let offset = 0;
  const layout: Record<string, [number, readonly number[]]> = {};
  for (const [name, { shape, size }] of Object.entries(model.parameters)) {
    layout[name] = [offset, shape];
    offset += size;
  }
  const file = openSync(join(folder, "weights.f32"), "w");
  for (const { data } of Object.values(model.parameters)) writeSync(file, data); // Node writes no more than 2 GiB at once
  closeSync(file);
  const batch = { inputIds: rows(inputIds), targets: rows(targets), weights: rows(weights) };
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ config: model.config, optimizer, weights: layout, batch }));
}
