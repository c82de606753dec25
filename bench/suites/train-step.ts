// A training step: forward, diffusion loss, backward, clipping, AdamW; PyTorch does the same on the same numbers in the
// same run, and must find the same losses. Also how much of our step is JavaScript: ONNX Runtime works off the main
// thread, so the main thread's event loop is busy exactly while JavaScript runs.
import { performance } from "node:perf_hooks";
import { DiffuCoderError } from "@diffucoder/core";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import { makeModel, modelNames } from "../models.ts";
import { findTorch, startTorch, TORCH_MISSING } from "../peers/torch.ts";
import { trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

/** As the issue of the spine asks; below 1 is faster than PyTorch. */
const ratioTargets: Record<string, number> = { "17M": 1, "1.7M": 0.6 };
const rounds: Record<string, number> = { "17M": 9, "1.7M": 60 };

export async function trainStepSuite({ quick, onProgress }: SuiteOptions): Promise<Result[]> {
  const python = findTorch();
  const results: Result[] = [];
  for (const name of modelNames) {
    const model = makeModel(name);
    const ours = trainingStep(model);
    const peer = python === undefined ? undefined : await startTorch(python, model);
    onProgress({ phase: `train-step ${name}`, step: 0, total: 1 });
    try {
      const losses: Record<string, number[]> = { ours: [], peer: [] };
      let [busy, wall] = [0, 0];
      const run = async (): Promise<number> => {
        const before = performance.eventLoopUtilization();
        const milliseconds = await timed(async () => losses.ours?.push((await ours.run()).loss));
        const { active } = performance.eventLoopUtilization(before);
        [busy, wall] = [busy + active, wall + milliseconds];
        return milliseconds;
      };
      const runPeer = async (): Promise<number> => {
        const { milliseconds, loss } = await (peer as NonNullable<typeof peer>).train();
        losses.peer?.push(loss);
        return milliseconds;
      };
      await run(); // compiles
      if (peer) await runPeer();
      [busy, wall] = [0, 0];
      const times = await inTurns({ ours: run, ...(peer && { peer: runPeer }) }, quick ? 2 : (rounds[name] as number));
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
      results.push(
        measured({
          suite: "train-step",
          name: `${name}, share of the step in JavaScript`,
          ours: (100 * busy) / wall,
          unit: "%",
          target: { of: "ours", atMost: 5 },
        }),
      );
    } finally {
      ours.dispose();
      peer?.close();
    }
  }
  return results;
}

/** The same weights, batch and optimizer give the same losses, or the comparison is worth nothing. */
function compareLosses(name: string, ours: readonly number[], peer: readonly number[]): void {
  ours.forEach((loss, step) => {
    const other = peer[step] as number;
    if (Math.abs(loss - other) <= 2e-3 * Math.abs(other)) return;
    throw new DiffuCoderError("MISMATCH", `train-step ${name}: in step ${step + 1} our loss is ${loss} and PyTorch's ${other}.`);
  });
}
