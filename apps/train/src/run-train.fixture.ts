import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { PassThrough } from "node:stream";
import { runTrain } from "./cli.ts";

export const hasPython = (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, "python3")));

/** Runs the command and returns all that it printed. `stopAt` stops it at the first progress line with that text. */
export async function train(
  args: readonly string[],
  { stopAt }: { stopAt?: string } = {},
): Promise<{ code: number; out: string; error: string; errors: string[]; progress: string }> {
  const stop = new AbortController();
  const said = { out: "", error: "", progress: "", errors: [] as string[] };
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => (said.progress += chunk.toString()));
  const write = stream.write.bind(stream);
  stream.write = ((text: string) => {
    if (stopAt !== undefined && text.includes(stopAt)) stop.abort();
    return write(text);
  }) as typeof stream.write;
  const terminal = { out: (text: string) => void (said.out += text), error: (text: string) => void said.errors.push(text), progress: stream };
  const code = await runTrain(args, { terminal, signal: stop.signal });
  return { code, ...said, error: said.errors.join("\n") };
}

export const set = (settings: Record<string, unknown>): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${JSON.stringify(value)}`]);

export const tinyPretraining = set({
  "model.hiddenSize": 16,
  "model.intermediateSize": 32,
  "model.numHiddenLayers": 1,
  "model.numAttentionHeads": 2,
  "model.numKeyValueHeads": 2,
  "training.stages.0.maxSteps": 1,
  "training.stages.1.maxSteps": 2,
  "training.perDeviceTrainBatchSize": 2,
});

export const tinyQuickstart = set({
  "data.tasks": 6,
  "training.maxSteps": 3,
  "training.promptsPerStep": 2,
  "training.numGenerations": 2,
  "sampling.steps": 2,
  "training.saveSteps": 1,
  "evaluation.data.tasks": 4,
  "evaluation.samplesPerTask": 2,
  "evaluation.steps": 2,
  "evaluation.batchSize": 4,
});
