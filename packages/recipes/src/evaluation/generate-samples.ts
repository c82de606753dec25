import { AbortedError, createRandom, JsonLinesLog, type OnProgress, TooLongError } from "@diffucoder/core";
import { type LeftOut, paperTemplate, type Problem, PROMPT_TEMPLATES, type PromptTemplateName, type Sample } from "@diffucoder/eval";
import type { DiffuCoder, GenerateOptions } from "@diffucoder/engine";

/** Settings of decoding that a sample is drawn with. */
export type SampleSettings = Pick<GenerateOptions, "alg" | "steps" | "temperature" | "topP">;

/** Writes one sample of a problem. */
export interface Writer {
  /** What the text stands for. */
  readonly kind: Sample["kind"];
  write(problem: Problem, options: SampleSettings & { seed: number; signal: AbortSignal }): Promise<string>;
}

/** Asks in words and takes the answer. @param template default: the paper's for each task */
export function answerWriter(
  coder: DiffuCoder,
  { template, maxNewTokens }: { template?: PromptTemplateName | undefined; maxNewTokens?: number | undefined },
): Writer {
  return {
    kind: "solution",
    write: async (problem, options) => {
      const messages = PROMPT_TEMPLATES[template ?? paperTemplate(problem)](problem);
      return (await coder.generate({ ...options, maxNewTokens, messages, continueFinalMessage: true })).text;
    },
  };
}

/** Fills the hole between a task's prompt and suffix. @param masks `"oracle"`: as many as the benchmark's own solution has tokens */
export function holeWriter(coder: DiffuCoder, { masks }: { masks: number | "oracle" }): Writer {
  return {
    kind: "completion",
    write: async ({ prompt, suffix, canonical = "" }, options) => {
      const count = masks === "oracle" ? Math.max(1, coder.tokenizer.encode(canonical).length) : masks;
      return (await coder.infill({ ...options, prefix: prompt, suffix, masks: count })).middle;
    },
  };
}

export interface GenerateSamplesOptions {
  writer: Writer;
  problems: readonly Problem[];
  samplesPerTask: number;
  settings: SampleSettings;
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
 * if it had not been. A problem that the model has no room for is left out.
 *
 * @throws {AbortedError} when `signal` fires; what was generated is kept
 */
export async function generateSamples(options: GenerateSamplesOptions): Promise<{ samples: Sample[]; leftOut: LeftOut[] }> {
  const { writer, problems, samplesPerTask, settings, seed, signal, onProgress } = options;
  const log = new JsonLinesLog<Line>(options.path);
  const done = new Map(log.kept.map((line) => [`${line.task_id} ${line.sample}`, line.completion]));
  const samples: Sample[] = [];
  const leftOut: LeftOut[] = [];
  for (const [position, problem] of problems.entries()) {
    for (let sample = 0; sample < samplesPerTask; sample++) {
      if (signal.aborted) throw new AbortedError("Generating");
      let text = done.get(`${problem.id} ${sample}`);
      if (text === undefined) {
        const sampleSeed = createRandom(seed)
          .split("sample", problem.id, sample)
          .integer(0, 2 ** 31);
        try {
          text = await writer.write(problem, { ...settings, seed: sampleSeed, signal });
        } catch (error) {
          if (!(error instanceof TooLongError)) throw error;
          leftOut.push({ where: problem.id, reason: error.message });
          break;
        }
        log.append({ task_id: problem.id, sample, completion: text });
      }
      samples.push({ line: position * samplesPerTask + sample + 1, taskId: problem.id, text, kind: writer.kind });
      onProgress({ phase: "generate", step: samples.length, total: problems.length * samplesPerTask });
    }
  }
  return { samples, leftOut };
}
