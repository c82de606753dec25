import { AbortedError, createRandom, InvalidArgumentError, JsonLinesLog, type OnProgress } from "@diffucoder/core";
import { type LeftOut, paperTemplate, type Problem, PROMPT_TEMPLATES, type PromptTemplateName, type Sample } from "@diffucoder/eval";
import type { DiffuCoder } from "../diffucoder.ts";
import type { GenerateOptions } from "../generate-options.ts";

export interface GenerateSamplesOptions {
  coder: DiffuCoder;
  problems: readonly Problem[];
  /** @default the paper's for each task */
  template: PromptTemplateName | undefined;
  samplesPerTask: number;
  settings: Pick<GenerateOptions, "alg" | "steps" | "maxNewTokens" | "temperature" | "topP">;
  seed: number;
  /** JSON lines of what was generated; kept, and gone on with. */
  path: string;
  signal: AbortSignal;
  onProgress: OnProgress;
}

interface Line {
  task_id: string;
  sample: number;
  completion: string;
}

/**
 * Draws samples of every problem. A sample's seed depends on its task and number alone, so an interrupted run goes on as
 * if it had not been. A prompt that the model has no room for leaves its task out.
 *
 * @throws {AbortedError} when `signal` fires; what was generated is kept
 */
export async function generateSamples(options: GenerateSamplesOptions): Promise<{ samples: Sample[]; leftOut: LeftOut[] }> {
  const { coder, problems, samplesPerTask, settings, seed, signal, onProgress } = options;
  const log = new JsonLinesLog<Line>(options.path);
  const done = new Map(log.kept.map((line) => [`${line.task_id} ${line.sample}`, line.completion]));
  const samples: Sample[] = [];
  const leftOut: LeftOut[] = [];
  for (const [position, problem] of problems.entries()) {
    const template = PROMPT_TEMPLATES[options.template ?? paperTemplate(problem)];
    for (let sample = 0; sample < samplesPerTask; sample++) {
      if (signal.aborted) throw new AbortedError("Generating");
      let text = done.get(`${problem.id} ${sample}`);
      if (text === undefined) {
        const messages = template(problem);
        const sampleSeed = createRandom(seed)
          .split("sample", problem.id, sample)
          .integer(0, 2 ** 31);
        try {
          text = (await coder.generate({ ...settings, messages, continueFinalMessage: true, seed: sampleSeed, signal })).text;
        } catch (error) {
          if (!(error instanceof InvalidArgumentError && error.argument === "messages")) throw error;
          leftOut.push({ where: problem.id, reason: error.message });
          break;
        }
        log.append({ task_id: problem.id, sample, completion: text });
      }
      samples.push({ line: position * samplesPerTask + sample + 1, taskId: problem.id, text, kind: "solution" });
      onProgress({ phase: "generate", step: samples.length, total: problems.length * samplesPerTask });
    }
  }
  return { samples, leftOut };
}
