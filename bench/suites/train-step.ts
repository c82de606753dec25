// A training step: forward, diffusion loss, backward, clipping, AdamW; PyTorch does the same on the same numbers in the
// same run, and must find the same losses and gradient norms.
import { DiffuCoderError } from "@diffucoder/core";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { makeModel, modelNames } from "../models.ts";
import { findTorch, startTorch, type TorchPeer } from "../peers/torch.ts";
import { type TrainingStep, trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

/** As the issue of the spine asks; below 1 is faster than PyTorch. */
const ratioTargets: Record<string, number> = { "17M": 1, "1.7M": 0.6 };
/** A turn of a small model is many steps, so that neither side begins each step with the other's data in the caches. */
const turns: Record<string, { rounds: number; stepsPerTurn: number }> = {
  "17M": { rounds: 9, stepsPerTurn: 1 },
  "1.7M": { rounds: 15, stepsPerTurn: 20 },
};

export async function trainStepSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const { python, problem } = findTorch();
  const results: Result[] = [];
  for (const name of modelNames) {
    say(`train-step ${name} ...`);
    const model = makeModel(name);
    const ours = trainingStep(model);
    const peer = python === undefined ? undefined : await startTorch(python, model, "train");
    try {
      if (peer) await compareSteps({ name, ours, peer, say });
      const { rounds, stepsPerTurn } = turns[name] as (typeof turns)[string];
      const turnOf = (step: () => Promise<number>) => () => meanOf(step, quick ? 1 : stepsPerTurn);
      const times = await inTurns(
        {
          ours: turnOf(() => timed(() => ours.run())),
          peer: peer && turnOf(async () => (await peer.run()).milliseconds),
        },
        quick ? 2 : rounds,
      );
      results.push(
        measured({
          suite: "train-step",
          name: `${name}, ${model.batchSize} x ${model.length} tokens`,
          ours: median(times.ours),
          spread: extent(times.ours),
          unit: "ms",
          ...(peer && { peer: median(times.peer), peerSpread: extent(times.peer), peerName: peer.name }),
          target: { of: "ratio", atMost: ratioTargets[name] as number },
          note: problem,
        }),
      );
    } finally {
      ours.dispose();
      peer?.close();
    }
  }
  return results;
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
