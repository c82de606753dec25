// A training step: forward, diffusion loss, backward, clipping, AdamW; PyTorch does the same on the same numbers in the
// same run, and must find the same losses. Also how much of our step is JavaScript.
import { DiffuCoderError } from "@diffucoder/core";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import { makeModel, modelNames } from "../models.ts";
import { mainThreadMilliseconds } from "../main-thread.ts";
import { findTorch, startTorch, TORCH_MISSING } from "../peers/torch.ts";
import { trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

/** As the issue of the spine asks; below 1 is faster than PyTorch. */
const ratioTargets: Record<string, number> = { "17M": 1, "1.7M": 0.6 };
/** A turn of a small model is many steps, so that neither side begins each step with the other's data in the caches. */
const turns: Record<string, { rounds: number; stepsPerTurn: number }> = {
  "17M": { rounds: 9, stepsPerTurn: 1 },
  "1.7M": { rounds: 15, stepsPerTurn: 20 },
};

export async function trainStepSuite({ quick, onProgress }: SuiteOptions): Promise<Result[]> {
  const python = findTorch();
  const results: Result[] = [];
  for (const name of modelNames) {
    const model = makeModel(name);
    const ours = trainingStep(model);
    const peer = python === undefined ? undefined : await startTorch(python, model, "train");
    onProgress({ phase: `train-step ${name}`, step: 0, total: 1 });
    try {
      const losses: Record<string, number[]> = { ours: [], peer: [] };
      let [busy, wall] = [0, 0];
      const run = async (): Promise<number> => {
        const before = mainThreadMilliseconds() ?? Number.NaN;
        const milliseconds = await timed(async () => losses.ours?.push((await ours.run()).loss));
        busy += (mainThreadMilliseconds() ?? Number.NaN) - before;
        wall += milliseconds;
        return milliseconds;
      };
      const runPeer = async (): Promise<number> => {
        const { milliseconds, loss } = await (peer as NonNullable<typeof peer>).train();
        losses.peer?.push(loss);
        return milliseconds;
      };
      const { rounds, stepsPerTurn } = turns[name] as (typeof turns)[string];
      const turnOf = (step: () => Promise<number>) => () => meanOfSteps(step, quick ? 1 : stepsPerTurn);
      const contenders = { ours: turnOf(run), ...(peer && { peer: turnOf(runPeer) }) };
      await inTurns(contenders, 0); // compiles
      [busy, wall] = [0, 0];
      const times = await inTurns(contenders, quick ? 2 : rounds);
      if (peer) compareLosses(name, losses.ours as number[], losses.peer as number[]);

      const { batchSize, length } = model;
      const target = { of: "ratio", atMost: ratioTargets[name] as number } as const;
      const own = times.ours as number[];
      const common = { suite: "train-step", unit: "ms" };
      const other = peer && { peer: median(times.peer as number[]), peerName: peer.name };
      results.push(
        measured({
          ...common,
          name: `${name}, ${batchSize} x ${length} tokens`,
          ours: median(own),
          spread: extent(own),
          ...other,
          target,
          note: TORCH_MISSING,
        }),
      );
      if (Number.isFinite(busy)) results.push(javascriptShare(name, busy / wall));
    } finally {
      ours.dispose();
      peer?.close();
    }
  }
  return results;
}

/** Milliseconds of a step, over a turn. */
async function meanOfSteps(step: () => Promise<number>, count: number): Promise<number> {
  let total = 0;
  for (let i = 0; i < count; i++) total += await step();
  return total / count;
}

function javascriptShare(name: string, share: number): Result {
  return measured({
    suite: "train-step",
    name: `${name}, share of the step in JavaScript`,
    ours: 100 * share,
    unit: "%",
    target: { of: "ours", atMost: 5 },
  });
}

/** How many steps must give the same losses; rounding grows with every one. */
const COMPARED_STEPS = 20;

/** The same weights, batch and optimizer give the same losses, or the comparison is worth nothing. */
function compareLosses(name: string, ours: readonly number[], peer: readonly number[]): void {
  ours.slice(0, COMPARED_STEPS).forEach((loss, step) => {
    const other = peer[step] as number;
    if (Math.abs(loss - other) <= 1e-3 * Math.abs(other)) return;
    throw new DiffuCoderError("MISMATCH", `train-step ${name}: in step ${step + 1} our loss is ${loss} and PyTorch's ${other}.`);
  });
}
