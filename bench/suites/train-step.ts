// A training step: forward, diffusion loss, backward, clipping, AdamW; PyTorch does the same on the same numbers in the
// same run, in float32 and in bf16, and must find the same losses and gradient norms.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DiffuCoderError } from "@diffucoder/core";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { type Precision, PRECISIONS } from "@diffucoder/tensor";
import { makeModel, type ModelName } from "../models.ts";
import { findTorch, startTorch, type TorchPeer, type TorchSearch } from "../peers/torch.ts";
import { type TrainingStep, trainingStep } from "../training-step.ts";
import type { Suite, SuiteOptions } from "./suite.ts";

type Trained = Exclude<ModelName, "0.5B">;

/** Of our time by the peer's in the same precision; of 1.7M in bf16 by the peer's in float32, which is faster there than its bf16. */
const timeTargets: Record<Trained, Record<Precision, number>> = {
  "17M": { float32: 0.85, bf16: 0.6 },
  "1.7M": { float32: 0.5, bf16: 0.4 },
  "160M": { float32: 0.9, bf16: 0.7 },
};
/** Of our peak memory by the peer's. */
const memoryTargets: Partial<Record<Trained, Result["target"]>> = {
  "17M": { of: "ratio", atMost: 0.5 },
  "160M": { of: "ours", atMost: 4.5 },
};
/** A turn of a small model is many steps, so that neither side begins each step with the other's data in the caches. */
const turns: Record<Trained, { rounds: number; stepsPerTurn: number }> = {
  "17M": { rounds: 9, stepsPerTurn: 1 },
  "1.7M": { rounds: 15, stepsPerTurn: 20 },
  "160M": { rounds: 4, stepsPerTurn: 1 },
};

export function trainStepSuite(names: readonly Trained[]): Suite {
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

/** Ours and the peers, by precision. */
interface Contenders {
  ours: Record<Precision, TrainingStep>;
  peers: Partial<Record<Precision, TorchPeer<"train">>>;
}

async function measureStep(name: Trained, { torch, quick, say }: SuiteOptions & { torch: TorchSearch }): Promise<Result[]> {
  const memory = { float32: peakMemory(name, "float32"), bf16: peakMemory(name, "bf16") };
  const model = makeModel(name);
  const ours = { float32: await trainingStep(model), bf16: await trainingStep(model, { precision: "bf16" }) };
  const peers: Contenders["peers"] = {};
  try {
    for (const precision of PRECISIONS) {
      if (torch.python === undefined) break;
      const peer = await startTorch(torch.python, model, "train", { precision });
      peers[precision] = peer;
      const step = ours[precision];
      if (step.executor.precision === precision) await compareSteps({ name: `${name}, ${precision}`, ours: step, peer, say });
    }
    const turns = await measureTurns(name, { ours, peers }, quick);
    const title = `${name}, ${model.batchSize} x ${model.length} tokens`;
    return PRECISIONS.flatMap((precision) => {
      const beside = name === "1.7M" ? "float32" : precision;
      const notes = [...(ours[precision].executor.notices ?? []), ...(torch.problem ? [torch.problem] : [])];
      const common = { suite: "train-step", note: notes.join("; ") || undefined };
      const work = precision === "bf16" ? `${title}, bf16` : title;
      const [peer, times, peerTimes] = [peers[beside], turns.ours[precision], turns.peers[beside]];
      const time = measured({
        ...common,
        name: work,
        ours: median(times),
        spread: extent(times),
        unit: "ms",
        ...(peer && { peer: median(peerTimes), peerSpread: extent(peerTimes), peerName: peer.name }),
        target: { of: "ratio", atMost: timeTargets[name][precision] },
      });
      const peak = measured({
        ...common,
        name: `${work}, peak memory`,
        ours: memory[precision] / 1e9,
        unit: "GB",
        ...(peer && { peer: turns.peaks[beside] / 1e9, peerName: peer.name }),
        ...(precision === "float32" && { target: memoryTargets[name] }),
      });
      return [time, peak];
    });
  } finally {
    for (const step of Object.values(ours)) step.dispose();
    for (const peer of Object.values(peers)) peer.close();
  }
}

/** All four in turns: milliseconds of a step, and the peers' peak memory in bytes. */
async function measureTurns(name: Trained, { ours, peers }: Contenders, quick: boolean) {
  const { rounds, stepsPerTurn } = turns[name];
  const peaks: Record<Precision, number> = { float32: 0, bf16: 0 };
  const turnOf = (step: () => Promise<number>) => () => meanOf(step, quick ? 1 : stepsPerTurn);
  const ourTurn = (precision: Precision) => turnOf(() => timed(() => ours[precision].run()));
  const peerTurn = (precision: Precision) => {
    const peer = peers[precision];
    if (peer === undefined) return undefined;
    return turnOf(async () => {
      const { milliseconds, peakBytes } = await peer.run();
      peaks[precision] = peakBytes;
      return milliseconds;
    });
  };
  const contenders = { float32: ourTurn("float32"), bf16: ourTurn("bf16"), peerFloat32: peerTurn("float32"), peerBf16: peerTurn("bf16") };
  const { peerFloat32, peerBf16, ...own } = await inTurns(contenders, quick ? 2 : rounds);
  return { ours: own, peers: { float32: peerFloat32, bf16: peerBf16 }, peaks };
}

/** Largest resident set of a process that does nothing but a few steps, bytes. */
function peakMemory(name: ModelName, precision: Precision): number {
  return Number(execFileSync(process.execPath, [fileURLToPath(new URL("./peak-memory.js", import.meta.url)), name, precision]).toString());
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
