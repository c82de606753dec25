import { createRandom } from "@diffucoder/core";
import { drawSamples, type DrawSamplesOptions } from "./drawing/draw-samples.ts";
import { type SampleScores, scoreSamples, type ScoreSamplesOptions } from "./scoring/score-samples.ts";

/** What `evaluate` works on: a set of tasks, a function that answers them, and how answers are scored. */
export interface EvaluateOptions
  extends Omit<DrawSamplesOptions, "tasks" | "finished">, Omit<ScoreSamplesOptions, "samples" | "finished" | "random" | "onProgress" | "signal"> {
  /** Answers of an earlier, interrupted call, as `onSample` gave them: they are not drawn again. @default none */
  finishedSamples?: DrawSamplesOptions["finished"];
  /** Scores of an earlier, interrupted call, as `onScore` gave them. @default none */
  finishedScores?: ScoreSamplesOptions["finished"];
}

/**
 * Draws answers, runs them against their tasks' tests, and estimates pass@k.
 *
 * The result depends neither on the batch size nor on interruptions. Evaluate two models with the same `seed` to compare them in pairs.
 *
 * @throws what `drawSamples` and `scoreSamples` throw
 */
export async function evaluate({ finishedSamples, finishedScores, ...options }: EvaluateOptions): Promise<SampleScores> {
  const { samples, leftOut } = await drawSamples({
    ...options,
    tasks: options.taskSet.tasks,
    ...(finishedSamples && { finished: finishedSamples }),
  });
  const scores = await scoreSamples({
    ...options,
    samples,
    random: createRandom(options.seed).split("evaluation"),
    ...(finishedScores && { finished: finishedScores }),
  });
  return { ...scores, leftOut: [...leftOut, ...scores.leftOut] };
}
