import { createHash } from "node:crypto";
import { join } from "node:path";
import { claimRun, ConfigError, createRandom, JsonLinesLog, type OnProgress, readBytes, writeFileAtomic } from "@diffucoder/core";
import {
  type Benchmark,
  type DataFolders,
  type EvalResult,
  evalResult,
  type EvalRun,
  formatSamples,
  type LeftOut,
  loadBenchmark,
  paperTemplate,
  type PostProcessor,
  type ProgramScore,
  type PromptTemplateName,
  readSamples,
  type Sample,
  type SampleSource,
  scoreSamples,
} from "@diffucoder/eval";
import { evalReport } from "@diffucoder/report";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { loadDiffuCoder, modelFolder, type ModelFolder, readModelFolder, resolveInfilling, resolveSettings } from "@diffucoder/engine";
import { checkpointHash } from "./checkpoint-hash.ts";
import { type EvalConfig, isInfilling } from "./eval-config.ts";
import { isolationOf } from "./isolation.ts";
import { answerWriter, generateSamples, holeWriter } from "./generate-samples.ts";

export interface RunEvalOptions {
  config: EvalConfig;
  folders: DataFolders;
  onProgress: OnProgress;
  /** Hears what a person should know of how the model's folder was read: a sentence without its point. */
  onNotice: (notice: string) => void;
  signal: AbortSignal;
}

/** A set of samples before it is scored. */
interface SampleSet {
  label: string;
  source: SampleSource;
  samples: Sample[];
  leftOut: LeftOut[];
}

/** Draws or reads samples, scores them, and leaves everything in the output folder. */
export async function runEval({ config, folders, onProgress, onNotice, signal }: RunEvalOptions): Promise<EvalResult> {
  const whole = await loadBenchmark(config.dataset, { folders });
  const benchmark = part(whole, config.idRange);
  const postProcessor = config.postProcessor ?? (config.model === undefined || isInfilling(config.dataset) ? "none" : "fence");
  const model = config.model === undefined ? undefined : await modelFolder(config.model);
  if (model !== undefined) checkModel(readModelFolder(model), config);
  const checkpoint = model === undefined ? undefined : await checkpointHash(model);
  const given = model === undefined ? fileSets(config, { whole, benchmark }) : [];
  const { workers, isolation, python, output } = config;
  const sandbox = await createSandbox({ workers, isolation: isolationOf(isolation), ...(python !== undefined && { python }) });
  try {
    if (output !== undefined)
      claimRun(output, { settings: { command: "eval", ...config, output: undefined, workers: undefined, sha256: benchmark.sha256, checkpoint } });
    const sets =
      model === undefined || checkpoint === undefined
        ? given
        : await modelSets({ dir: model, sha256: checkpoint }, config, benchmark, { signal, onProgress, onNotice });
    const runs: EvalRun[] = [];
    for (const set of sets) runs.push(await scoreSet(set, { benchmark, postProcessor, config, sandbox, folders, signal, onProgress }));
    const result = evalResult({ benchmark, postProcessor, sandbox, seed: config.seed, ks: config.ks, runs });
    if (output !== undefined) writeOutputs(output, result, benchmark);
    return result;
  } finally {
    sandbox.close();
  }
}

interface ScoreContext {
  benchmark: Benchmark;
  postProcessor: PostProcessor;
  config: Pick<EvalConfig, "output" | "seed" | "ks" | "workers">;
  sandbox: Sandbox;
  folders: DataFolders;
  signal: AbortSignal;
  onProgress: OnProgress;
}

/** Scores one set; scores are kept as they come, so that an interrupted run does not do them again. */
export async function scoreSet({ label, source, samples, leftOut }: SampleSet, context: ScoreContext): Promise<EvalRun> {
  const { benchmark, postProcessor, config, sandbox, folders, signal, onProgress } = context;
  const log = config.output === undefined ? undefined : new JsonLinesLog<[key: string, score: ProgramScore]>(join(config.output, "scores.jsonl"));
  const scores = await scoreSamples({
    benchmark,
    samples,
    postProcessor,
    sandbox,
    cacheFolder: folders.cache,
    concurrency: config.workers,
    random: createRandom(config.seed).split("eval", label),
    ks: config.ks,
    finished: new Map(log?.kept),
    onScore: (key, score) => log?.append([key, score]),
    onProgress,
    signal,
  });
  return { ...scores, leftOut: [...leftOut, ...scores.leftOut], label, source };
}

function fileSets({ samples: paths = [] }: EvalConfig, { whole, benchmark }: { whole: Benchmark; benchmark: Benchmark }): SampleSet[] {
  const idsOf = ({ problems }: Benchmark): Set<string> => new Set(problems.map(({ id }) => id));
  const [allIds, ids] = [idsOf(whole), idsOf(benchmark)];
  return [paths].flat().map((path) => {
    const data = readBytes(path, { wayOut: "Give a file in EvalPlus's sample format with --samples." }).toString("utf8");
    const sha256 = createHash("sha256").update(data).digest("hex");
    const read = readSamples(data, allIds);
    const samples = read.samples.filter(({ taskId }) => ids.has(taskId));
    const outside = read.samples.length - samples.length;
    const leftOut = outside === 0 ? [] : [{ where: `${outside} of ${read.samples.length} samples`, reason: "their tasks are outside idRange" }];
    return { label: path, source: { kind: "file", path, sha256 }, samples, leftOut: [...leftOut, ...read.leftOut] };
  });
}

/** One set for each temperature. */
async function modelSets(
  { dir, sha256 }: { dir: string; sha256: string },
  config: EvalConfig,
  { problems }: Benchmark,
  { signal, onProgress, onNotice }: Pick<RunEvalOptions, "signal" | "onProgress" | "onNotice">,
): Promise<SampleSet[]> {
  const { output = ".", dataset, samplesPerTask, steps, maxNewTokens, masks, alg, topP, seed } = config;
  const coder = await loadDiffuCoder(dir);
  coder.notices.forEach(onNotice);
  const template = config.template as PromptTemplateName | undefined;
  const fillsHoles = isInfilling(dataset);
  const writer = fillsHoles ? holeWriter(coder, { masks }) : answerWriter(coder, { template, maxNewTokens });
  try {
    const sets: SampleSet[] = [];
    for (const temperature of [config.temperature].flat()) {
      const settings = { steps, alg, topP, temperature };
      const path = join(output, `generations-${temperature}.jsonl`);
      const { samples, leftOut } = await generateSamples({ writer, problems, samplesPerTask, settings, seed, path, signal, onProgress });
      const { alg: itsAlg, topP: itsTopP, maxNewTokens: itsTokens, steps: itsSteps } = coder.generationConfig;
      const positions = fillsHoles ? masks : (maxNewTokens ?? itsTokens);
      const sampler = {
        alg: alg ?? itsAlg,
        steps: steps ?? (positions === "oracle" ? "in proportion to masks" : Math.ceil((itsSteps * positions) / itsTokens)),
        ...(fillsHoles ? { masks } : { maxNewTokens: positions }),
        temperature,
        topP: topP ?? itsTopP,
      };
      const source: SampleSource = {
        kind: "model",
        dir,
        sha256,
        template: fillsHoles ? "none, the text around the hole" : (template ?? [...new Set(problems.map(paperTemplate))].join(", ")),
        sampler,
        seed,
        samplesPerTask,
      };
      sets.push({ label: `temperature ${temperature}`, source, samples, leftOut });
    }
    return sets;
  } finally {
    await coder.close();
  }
}

function writeOutputs(output: string, result: EvalResult, benchmark: Benchmark): void {
  for (const [i, { samples }] of result.runs.entries()) {
    const programs = samples.map(({ taskId, program }) => ({ taskId, solution: program }));
    writeFileAtomic(join(output, result.runs.length === 1 ? "samples.jsonl" : `samples-${i + 1}.jsonl`), formatSamples(programs));
  }
  writeFileAtomic(join(output, RESULT_FILE), `${JSON.stringify(result)}\n`);
  writeFileAtomic(join(output, "report.html"), evalReport(result, benchmark.problems));
}

export const RESULT_FILE = "eval-result.json";
/**
 * Tells what no task could be drawn with before the first is, and before the parameters are read.
 *
 * @throws {ConfigError} if the model cannot do what the benchmark asks of it, or a setting of decoding is wrong
 */
function checkModel(model: ModelFolder, { dataset, temperature, steps, maxNewTokens, masks, alg, topP }: EvalConfig): void {
  const fillsHoles = isInfilling(dataset);
  const refuse = (problem: string): never => {
    throw new ConfigError({ source: "eval settings", problems: [`model: ${model.dir} ${problem}`] });
  };
  if (!fillsHoles && !model.tokenizer.hasChat) refuse(`has no chat template, which the prompts of ${dataset} need; use an instruction-tuned model`);
  if (fillsHoles && model.autoregressive !== undefined) refuse("writes from left to right and cannot fill holes; use a masked diffusion model");
  for (const one of [temperature].flat()) {
    const settings = { steps, alg, topP, temperature: one };
    if (!fillsHoles) resolveSettings({ ...settings, maxNewTokens }, model);
    else if (masks !== "oracle") resolveInfilling({ ...settings, prefix: "", masks }, model);
  }
}

/** The tasks of a range of positions. */
function part(benchmark: Benchmark, range: readonly [number, number] | undefined): Benchmark {
  return range === undefined ? benchmark : { ...benchmark, problems: benchmark.problems.slice(range[0], range[1]) };
}
