// The share of a training step that is JavaScript. The native run is on other threads (koffi's worker and ONNX Runtime's
// pool), and the main thread sleeps in its event loop meanwhile. So between two points of a benchmark there are two figures:
//
//   wall time       the event loop was not asleep: all of the step that is outside of the native run, from the system's
//                   view of waiting, with every moment in which JavaScript could have gone on but had no processor
//   processor time  the main thread was on a processor: what JavaScript and the calls from it cost in themselves
//
// The target holds for the wall time, which is what a step gets longer by. It is larger than the other when the main thread
// competes for its processor: with ONNX Runtime's threads, which spin after a run, or with other programs, so that this
// suite wants an idle machine. Neither counts how long the main thread takes to wake up. No peer runs in between.
import { performance } from "node:perf_hooks";
import { onnxExecutor } from "@diffucoder/tensor";
import { mainThreadMilliseconds } from "../main-thread.ts";
import { extent, inTurns, measured, median, type Result } from "../measurement.ts";
import { makeModel, modelNames } from "../models.ts";
import { type TrainingStep, trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

const stepsPerTurn: Record<string, number> = { "17M": 3, "1.7M": 100 };
const ROUNDS = 5;

export async function javascriptOverheadSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  if ((await onnxExecutor()).name !== "onnx") {
    say("javascript-overhead: skipped; ONNX Runtime's C API cannot be loaded here, and its JavaScript API runs on the main thread.");
    return [];
  }
  const results: Result[] = [];
  for (const name of modelNames) {
    say(`javascript-overhead ${name} ...`);
    const step = await trainingStep(makeModel(name));
    const processor: number[] = [];
    const turn = async (): Promise<number> => {
      const shares = await sharesOfTurn(step, quick ? 1 : stepsPerTurn[name]!);
      if (shares.processor !== undefined) processor.push(shares.processor);
      return shares.wall;
    };
    const { wall } = await inTurns({ wall: turn }, quick ? 1 : ROUNDS);
    step.dispose();
    processor.shift(); // the round that compiles
    results.push(shareResult(`${name}, wall time`, wall, { of: "ours", atMost: 5 }));
    if (processor.length > 0) results.push(shareResult(`${name}, processor time`, processor));
  }
  return results;
}

/** Percentages of the wall time of some steps. */
async function sharesOfTurn(step: TrainingStep, count: number): Promise<{ wall: number; processor: number | undefined }> {
  const [loop, processor, started] = [performance.eventLoopUtilization(), mainThreadMilliseconds(), performance.now()];
  for (let i = 0; i < count; i++) await step.run();
  const duration = performance.now() - started;
  const after = mainThreadMilliseconds();
  return {
    wall: (100 * performance.eventLoopUtilization(loop).active) / duration,
    processor: processor === undefined || after === undefined ? undefined : (100 * (after - processor)) / duration,
  };
}

function shareResult(name: string, shares: readonly number[], target?: Result["target"]): Result {
  return measured({ suite: "javascript-overhead", name, ours: median(shares), spread: extent(shares), unit: "% of the step", target });
}
