// A training step: forward, diffusion loss, backward, clipping, AdamW; PyTorch does the same on the same numbers in the
// same run, and must find the same losses and gradient norms.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DiffuCoderError } from "@diffucoder/core";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { makeModel, type ModelName } from "../models.ts";
import { findTorch, startTorch, type TorchPeer, type TorchSearch } from "../peers/torch.ts";
import { type TrainingStep, trainingStep } from "../training-step.ts";
import type { Suite, SuiteOptions } from "./suite.ts";

const ratioTargets: Record<ModelName, number> = { "17M": 0.85, "1.7M": 0.5, "160M": 0.9 };
/** Of our peak memory by the peer's. */
const memoryTargets: Partial<Record<ModelName, Result["target"]>> = {
  "17M": { of: "ratio", atMost: 0.5 },
  "160M": { of: "ours", atMost: 4.5 },
};
/** A turn of a small model is many steps, so that neither side begins each step with the other's data in the caches. */
const turns: Record<ModelName, { rounds: number; stepsPerTurn: number }> = {
  "17M": { rounds: 9, stepsPerTurn: 1 },
  "1.7M": { rounds: 15, stepsPerTurn: 20 },
  "160M": { rounds: 4, stepsPerTurn: 1 },
};

export function trainStepSuite(names: readonly ModelName[]): Suite {
  return async ({ quick, say }) => {
    const torch = findTorch();
    const results: Result[] = [];
    for (const name of names) {
      say(`train-step ${name} ...`);
      results.push(...(await measureStep(name, { torch, quick, say })));
    }
    return results;
  };
}

async function measureStep(name: ModelName, { torch, quick, say }: SuiteOptions & { torch: TorchSearch }): Promise<Result[]> {
  const memory = peakMemory(name);
  const model = makeModel(name);
  const ours = trainingStep(model);
  const peers: TorchPeer<"train">[] = [];
  try {
    if (torch.python !== undefined)
      for (const precision of ["fp32", "bf16"] as const) peers.push(await startTorch(torch.python, model, "train", { precision }));
    const [fp32, bf16] = peers;
    if (fp32) await compareSteps({ name, ours, peer: fp32, say });
    const { rounds, stepsPerTurn } = turns[name];
    const turnOf = (step: () => Promise<number>) => () => meanOf(step, quick ? 1 : stepsPerTurn);
    const peaks = new Map<TorchPeer<"train">, number>();
    const peerTurn = (peer: TorchPeer<"train"> | undefined) =>
      peer &&
      turnOf(async () => {
        const { milliseconds, peakBytes } = await peer.run();
        peaks.set(peer, peakBytes);
        return milliseconds;
      });
    const times = await inTurns({ ours: turnOf(() => timed(() => ours.run())), fp32: peerTurn(fp32), bf16: peerTurn(bf16) }, quick ? 2 : rounds);
    const work = `${name}, ${model.batchSize} x ${model.length} tokens`;
    const common = { suite: "train-step", note: torch.problem };
    const time = (peer: TorchPeer<"train"> | undefined, peerTimes: readonly number[], target?: Result["target"]): Result =>
      measured({
        ...common,
        name: work,
        ours: median(times.ours),
        spread: extent(times.ours),
        unit: "ms",
        ...(peer && { peer: median(peerTimes), peerSpread: extent(peerTimes), peerName: peer.name }),
        target,
      });
    const peak = (peer: TorchPeer<"train"> | undefined, target?: Result["target"]): Result =>
      measured({
        ...common,
        name: `${work}, peak memory`,
        ours: memory / 1e9,
        unit: "GB",
        ...(peer && { peer: peaks.get(peer)! / 1e9, peerName: peer.name }),
        target,
      });
    return [
      time(fp32, times.fp32, { of: "ratio", atMost: ratioTargets[name] }),
      ...(bf16 ? [time(bf16, times.bf16)] : []),
      peak(fp32, memoryTargets[name]),
      ...(bf16 ? [peak(bf16)] : []),
    ];
  } finally {
    ours.dispose();
    for (const peer of peers) peer.close();
  }
}

/** Largest resident set of a process that does nothing but a few steps, bytes. */
function peakMemory(name: ModelName): number {
  return Number(execFileSync(process.execPath, [fileURLToPath(new URL("./peak-memory.js", import.meta.url)), name]).toString());
}

/** The first shows forward and backward, the next ones the optimizer. */
const COMPARED_STEPS = 4;

interface Comparison {
  name: string;
  ours: TrainingStep;
  peer: TorchPeer<"train">;
  say: (line: string) => void;
}

/** From the same weights, on the same batch, both must find the same, or the comparison is worth nothing. */
async function compareSteps({ name, ours, peer, say }: Comparison): Promise<void> {
  for (let step = 1; step <= COMPARED_STEPS; step++) {
    const own = await ours.run();
    const other = await peer.run();
    if (step === 1) {
      say(`train-step ${name}: ours has loss ${own.loss.toFixed(5)} and gradient norm ${own.gradNorm.toFixed(5)},`);
      say(`train-step ${name}: ${peer.name} has ${other.loss.toFixed(5)} and ${other.gradNorm.toFixed(5)}.`);
    }
    for (const [figure, what] of [
      ["loss", "loss"],
      ["gradNorm", "gradient norm"],
    ] as const) {
      if (!agree(own[figure], other[figure]))
        throw new DiffuCoderError("MISMATCH", `${name}: in step ${step} our ${what} is ${own[figure]} and PyTorch's ${other[figure]}.`);
    }
  }
}
