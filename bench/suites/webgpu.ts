// A GPU by ONNX Runtime's WebGPU provider: forward passes, training steps and the bundled model's text, beside PyTorch on CUDA where
// TORCH_PYTHON has it. Weights stay on the device on both sides. A run is over when numbers of its result have been read: nothing else
// tells that a GPU is done.
import { existsSync } from "node:fs";
import { DiffuCoderError } from "@diffucoder/core";
import { compile, type Executor, int32, onnxExecutor, slice, type Tensor } from "@diffucoder/tensor";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { type BenchModel, makeBatch, makeModel, type ModelName } from "../models.ts";
import { type Answers, findCudaTorch, type PeerPrecision, startTorch, type TorchPeer, type TorchSearch } from "../peers/torch.ts";
import { trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

const forwards: readonly (readonly [ModelName, rows: number])[] = [
  ["1.7M", 1],
  ["1.7M", 8],
  ["17M", 1],
  ["17M", 8],
  ["0.5B", 1],
];
const trainings: readonly ModelName[] = ["1.7M", "17M"];
const peerPrecisions = { float32: "", tf32: ", TF32", bf16: ", bf16 autocast" } as const satisfies Record<PeerPrecision, string>;
const ROUNDS = 9;
const RUNS_PER_TURN = 10;
/** Compared numbers of a result, as many as the peer gives. */
const COMPARED = 8;

interface Side {
  quick: boolean;
  executor: Executor;
  torch: TorchSearch;
}

export async function webGpuSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const side = { quick, executor: await onnxExecutor({ device: "webgpu" }), torch: findCudaTorch() };
  const results: Result[] = [];
  for (const [name, rows] of forwards) {
    say(`webgpu: forward ${name}, ${rows} ${rows === 1 ? "row" : "rows"} ...`);
    results.push(...(await measureForward(makeModel(name), rows, side)));
  }
  for (const name of trainings) {
    say(`webgpu: training step ${name} ...`);
    results.push(...(await measureTraining(makeModel(name), side)));
  }
  say("webgpu: the bundled model's text ...");
  return [...results, ...(await measureText(quick))];
}

async function measureForward(model: BenchModel, rows: number, side: Side): Promise<Result[]> {
  const { length, logits } = model;
  const { executor } = side;
  const { inputIds } = makeBatch(model);
  const ids = int32(
    Int32Array.from({ length: rows * length }, (_, i) => inputIds[i % inputIds.length]!),
    [rows, length],
  );
  const upload = compile((weights: Record<string, Tensor>) => weights, { executor, name: "upload" });
  const weights = await upload(model.parameters);
  upload.dispose();
  const forward = compile(
    (parameters: Record<string, Tensor>, inputs: Tensor) => {
      const all = logits(parameters, { inputIds: inputs });
      const row = slice(slice(all, { axis: 0, start: 0, end: 1 }), { axis: 1, start: 0, end: 1 });
      return { all, first: slice(row, { axis: 2, start: 0, end: COMPARED }) };
    },
    { executor, name: `webgpu-forward-${model.name}` },
  );
  const run = async (): Promise<number[]> => {
    const { first } = await forward(weights, ids);
    return Array.from(first.data);
  };
  try {
    return await besidePeers({
      ...side,
      name: `forward ${model.name}, ${rows} x ${length} tokens`,
      run,
      start: (python) => startTorch(python, model, "forward", { rows, device: "cuda" }),
      read: ({ logits: theirs }) => theirs,
    });
  } finally {
    forward.dispose();
  }
}

async function measureTraining(model: BenchModel, side: Side): Promise<Result[]> {
  const step = await trainingStep(model, { device: "webgpu" });
  try {
    return await besidePeers({
      ...side,
      name: `training step ${model.name}, ${model.batchSize} x ${model.length} tokens`,
      run: async () => {
        const { loss, gradNorm } = await step.run();
        return [loss, gradNorm];
      },
      start: (python) => startTorch(python, model, "train", { device: "cuda" }),
      read: ({ loss, gradNorm }) => [loss, gradNorm],
    });
  } finally {
    step.dispose();
  }
}

interface Comparison<Work extends keyof Answers> extends Side {
  name: string;
  /** @returns numbers of the result */
  run: () => Promise<number[]>;
  start: (python: string) => Promise<TorchPeer<Work>>;
  read: (answer: Answers[Work]) => number[];
}

/** Ours in float32 beside the peer in each precision; in float32 it must find the same numbers. */
async function besidePeers<Work extends keyof Answers>({ name, run, start, read, torch, quick }: Comparison<Work>): Promise<Result[]> {
  const peer = torch.python === undefined ? undefined : await start(torch.python);
  try {
    const ours = await run();
    if (peer) compareNumbers(name, ours, read(await peer.run()));
    const turnOf = (once: () => Promise<number>) => () => meanOf(once, quick ? 1 : RUNS_PER_TURN);
    const peerTurn = (precision: PeerPrecision) => peer && turnOf(async () => (await peer.run(precision)).milliseconds);
    const contenders = { ours: turnOf(() => timed(run)), float32: peerTurn("float32"), tf32: peerTurn("tf32"), bf16: peerTurn("bf16") };
    const { ours: own, ...others } = await inTurns(contenders, quick ? 1 : ROUNDS, 0);
    const common = { suite: "webgpu", name, ours: median(own), spread: extent(own), unit: "ms" };
    if (peer === undefined) return [measured({ ...common, note: torch.problem })];
    return Object.entries(others).map(([precision, times]) =>
      measured({ ...common, peer: median(times), peerSpread: extent(times), peerName: peer.name + peerPrecisions[precision as PeerPrecision] }),
    );
  } finally {
    peer?.close();
  }
}

/** By their sum of squares: numbers can be near zero by themselves. */
function compareNumbers(name: string, ours: readonly number[], theirs: readonly number[]): void {
  const size = Math.hypot(...theirs);
  const distance = Math.hypot(...theirs.map((value, i) => value - ours[i]!));
  if (!agree(size + distance, size))
    throw new DiffuCoderError("MISMATCH", `${name}: ours gives ${ours.join(", ")} and PyTorch ${theirs.join(", ")}.`);
}

const NEW_TOKENS = 48;
const TEXTS = 16;

/** Requests decoded together, on the GPU and on the processor. At temperature 0 they must write the same. */
async function measureText(quick: boolean): Promise<Result[]> {
  if (!existsSync(bundledModelDir())) return [];
  const results: Result[] = [];
  for (const rows of [1, TEXTS]) {
    const [onGpu, here] = [await loadDiffuCoder(bundledModelDir(), { device: "webgpu" }), await loadDiffuCoder(bundledModelDir())];
    const requests = Array.from({ length: rows }, (_, i) => ({
      messages: [{ role: "user" as const, content: `Write a function that returns the list with ${i} added to each element.` }],
      temperature: 0,
      steps: NEW_TOKENS,
      maxNewTokens: NEW_TOKENS,
    }));
    const [written, wanted] = [await onGpu.generate(requests), await here.generate(requests)];
    written.forEach(({ text }, i) => {
      if (text !== wanted[i]!.text) throw new DiffuCoderError("MISMATCH", `The GPU writes ${text} and the processor ${wanted[i]!.text}.`);
    });
    const times = await inTurns(
      { ours: () => timed(() => onGpu.generate(requests)), peer: () => timed(() => here.generate(requests)) },
      quick ? 1 : 5,
    );
    const tokens = written.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    const rate = (milliseconds: number): number => (1000 * tokens) / milliseconds;
    results.push(
      measured({
        suite: "webgpu",
        name: `text of the bundled model, ${rows} ${rows === 1 ? "request" : "requests"}, ${NEW_TOKENS} steps`,
        ours: rate(median(times.ours)),
        spread: extent(times.ours.map(rate)),
        unit: "tokens/s",
        peer: rate(median(times.peer)),
        peerSpread: extent(times.peer.map(rate)),
        peerName: "the same on the processor",
      }),
    );
    await Promise.all([onGpu.close(), here.close()]);
  }
  return results;
}
