// An analysis: evaluations that keep their traces, or recorded traces; the figures of each; and what the paper's findings are in them.
import { join } from "node:path";
import { readTraceRecords } from "@diffucoder/analysis";
import { createRandom, type OnProgress, readBytes, readText, writeFileAtomic } from "@diffucoder/core";
import { modelFolder, readModelFolder } from "@diffucoder/engine";
import { countsByTask, type EvalResult, type EvalRun } from "@diffucoder/eval";
import { type AnalysisFinding, analysisReport, type AnalyzedRun } from "@diffucoder/report";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import type { DenoiseTrace } from "@diffucoder/samplers";
import { type DataFolders, defaultFolders, loadTasks } from "@diffucoder/tasks";
import { runEval, sandboxOptions } from "../evaluation/run-eval.ts";
import { clearEvaluation } from "../evaluation/write-outputs.ts";
import type { AnalyzeConfig, Conventions } from "./analyze-config.ts";
import { arithmeticLines } from "./arithmetic.ts";
import { codeAndTextFinding } from "./code-and-text-finding.ts";
import { completionLengthFinding } from "./completion-length-finding.ts";
import { estimateRun, measureRun } from "./measures.ts";
import { arNessFinding, entropySinkFinding } from "./order-findings.ts";
import { evalConfigOf, fewerSteps, type PlannedRun, plannedRuns, type Role } from "./planned-runs.ts";
import { temperatureFindings } from "./temperature-findings.ts";
import { rlOrderFinding, rlStepsFinding, type StageRun, stagesFinding, type StepRuns } from "./training-findings.ts";

/** What an analysis found: `analysis.json`. */
export interface AnalysisResult {
  /** Name and version of this format. */
  readonly format: typeof FORMAT;
  /** What was analyzed, for people. */
  readonly title: string;
  /** How the figures count what the paper leaves open. */
  readonly conventions: Conventions;
  /** Seed of sampling and of the intervals. */
  readonly seed: number;
  /** The figures of each run. */
  readonly runs: readonly AnalyzedRun[];
  /** What the paper found, and what holds. */
  readonly findings: readonly AnalysisFinding[];
}

const FORMAT = "diffucoder-analysis-1";

/** The file with all figures and findings. */
export const ANALYSIS_FILE = "analysis.json";

/** What `runAnalysis` works on. */
export interface RunAnalysisOptions {
  /** What is analyzed, and how. */
  config: AnalyzeConfig;
  /** Where benchmarks lie, and where computed results are kept. @default `defaultFolders()` */
  folders?: DataFolders | undefined;
  /** Gets the number of samples that are done. */
  onProgress: OnProgress;
  /** Gets notices for a person that are not part of the result: a sentence without its full stop. */
  onNotice: (notice: string) => void;
  /** Stops the analysis; finished work is kept. */
  signal: AbortSignal;
}

/** A run, and what it is for. */
interface RoledRun extends StageRun {
  role: Role;
  temperature: number;
}

/**
 * Analyzes in which order a model writes, and which of the paper's findings hold. An interrupted analysis resumes in its folder; other `ks` and
 * conventions read the same samples again.
 *
 * @throws {InvalidArgumentError} for traces that cannot be read or compared
 * @throws what `runEval` throws
 */
export async function runAnalysis(options: RunAnalysisOptions): Promise<AnalysisResult> {
  const { config } = options;
  const { title, runs } = config.traces === undefined ? await drawnRuns(config, options) : recordedRuns(config);
  const random = createRandom(config.seed).split("analysis", "findings");
  const result: AnalysisResult = {
    format: FORMAT,
    title,
    conventions: config.conventions,
    seed: config.seed,
    runs: runs.map(({ run }) => run),
    findings: findingsOf(runs, config, random),
  };
  if (config.output !== undefined) {
    writeFileAtomic(join(config.output, "report.html"), analysisReport({ ...result, description: descriptionOf(result) }));
    writeFileAtomic(join(config.output, ANALYSIS_FILE), `${JSON.stringify(result)}\n`);
  }
  return result;
}

/** Removes what an analysis with these settings leaves in its folder, and nothing else. */
export function clearAnalysis(
  config: AnalyzeConfig & {
    /** Folder of the analysis. */
    output: string;
  },
): void {
  for (const { folder } of [...plannedRuns(config), ...fewerSteps(config, 4)]) clearEvaluation(join(config.output, folder));
}

function recordedRuns(config: AnalyzeConfig): { title: string; runs: RoledRun[] } {
  const files = [config.traces ?? []].flat();
  const runs = files.map((file, i) => {
    const measured = measureRun(file, readTraceRecords(readText(file), file), { config });
    return { role: i === 0 ? ("model" as const) : ("compare" as const), temperature: Number.NaN, measured, run: estimateRun(measured, config) };
  });
  return { title: `Decoding order: ${files.join(", ")}`, runs };
}

/** Models, text and metrics are looked at before hours go by. */
async function checkInputs(config: AnalyzeConfig, { folders = defaultFolders(), onProgress, onNotice, signal }: RunAnalysisOptions): Promise<void> {
  const models = new Set(plannedRuns(config).map(({ model }) => model));
  for (const model of models) readModelFolder(await modelFolder(model, { signal, onProgress, onNotice }), { family: config.family });
  if (config.against !== undefined && config.against !== "arithmetic") await loadTasks({ dataset: config.against, folders, use: "evaluation" });
  if (config.metrics !== undefined) readBytes(config.metrics);
}

async function drawnRuns(config: AnalyzeConfig, options: RunAnalysisOptions): Promise<{ title: string; runs: RoledRun[] }> {
  await checkInputs(config, options);
  const sandbox = await createSandbox(sandboxOptions(config));
  try {
    const runs: RoledRun[] = [];
    const draw = async (planned: PlannedRun): Promise<EvalResult> => {
      const result = await evaluateRun(planned, config, { ...options, sandbox });
      runs.push(...result.runs.flatMap((run, i) => roledRun(run, planned, planned.temperature[i] ?? planned.temperature[0]!, config)));
      return result;
    };
    const [main, ...others] = plannedRuns(config) as [PlannedRun, ...PlannedRun[]];
    const { dataset, runs: sets } = await draw(main);
    for (const planned of others) await draw(planned);
    const steps = stepsOf(sets[0]!);
    if (steps !== undefined) for (const planned of fewerSteps(config, steps)) await draw(planned);
    return { title: `Decoding order of ${main.name} on ${dataset.title}`, runs };
  } finally {
    sandbox.close();
  }
}

/** Undefined for a decoder without a count of steps. */
function stepsOf({ source }: EvalRun): number | undefined {
  const steps = source.kind === "model" ? source.sampler["steps"] : undefined;
  return typeof steps === "number" ? steps : undefined;
}

async function evaluateRun(planned: PlannedRun, config: AnalyzeConfig, options: RunAnalysisOptions & { sandbox: Sandbox }): Promise<EvalResult> {
  const output = join(config.output!, planned.folder);
  let dataset = config.against;
  if (planned.role === "against" && dataset === "arithmetic") {
    dataset = join(config.output!, "arithmetic.jsonl");
    writeFileAtomic(dataset, arithmeticLines({ tasks: config.data.tasks ?? 100, seed: config.seed }));
  }
  const { folders, sandbox, onProgress, onNotice, signal } = options;
  const evalConfig = evalConfigOf(config, planned, output, dataset);
  return runEval({ config: evalConfig, folders, sandbox, traces: true, phase: planned.folder, onProgress, onNotice, signal });
}

/** Nothing for a run without a sample. */
function roledRun(run: EvalRun, { role, name, steps }: PlannedRun, temperature: number, config: AnalyzeConfig): RoledRun[] {
  if (run.samples.length === 0) return [];
  const counts = role === "against" ? undefined : new Map(countsByTask(run.samples).map((task) => [task.taskId, task]));
  const samples = run.samples.map(({ taskId, trace }) => ({ taskId, trace: trace as DenoiseTrace }));
  const label = steps === undefined ? `${name}, temperature ${temperature}` : `${name}, ${run.label}`;
  const measured = measureRun(label, samples, { config, ...(counts && { counts }) });
  return [{ role, temperature, measured, run: estimateRun(measured, config) }];
}

function findingsOf(runs: readonly RoledRun[], config: AnalyzeConfig, random: ReturnType<typeof createRandom>): AnalysisFinding[] {
  const of = (role: Role): RoledRun[] => runs.filter((run) => run.role === role);
  const [main] = of("model");
  if (main === undefined) return [];
  const [after] = of("afterRl");
  const steps = (full: RoledRun | undefined, role: Role): StepRuns | undefined => {
    const [half, quarter] = of(role);
    return full === undefined || half === undefined || quarter === undefined ? undefined : [full, half, quarter];
  };
  return [
    arNessFinding(main.run),
    entropySinkFinding(main.run, main.measured),
    ...temperatureFindings(config.traces === undefined ? of("model") : [main], random.split("temperature")),
    stagesFinding(config.traces === undefined ? [...of("compare"), main] : [], random.split("stages")),
    rlOrderFinding(main, after, random.split("rl order")),
    rlStepsFinding(steps(main, "stepsBefore"), steps(after, "stepsAfter"), random.split("rl steps")),
    completionLengthFinding(config.metrics, random),
    codeAndTextFinding(main, of("against")[0], random.split("text")),
  ];
}

function descriptionOf({ conventions, seed, runs: [first] }: AnalysisResult): string {
  const { region, rule, prompt, withinStep } = conventions;
  const counted = first === undefined ? "" : `${first.tasks} tasks, ${first.samples} samples in the first run. `;
  const positions = region === "canvas" ? "All positions of the canvas count" : "Positions up to the end of the answer count";
  const several = withinStep === "confidence" ? "of several tokens in a step the surest comes first" : "several tokens in a step are a tie";
  return `${counted}${positions}; the prompt counts as ${prompt}; local AR-ness compares ${rule === "set" ? "sets" : "runs from left to right"}; ${several}. Seed ${seed}.`;
}
