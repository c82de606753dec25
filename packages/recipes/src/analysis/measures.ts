// From traces to figures of a run: means over the samples of a task, then over tasks with intervals. The task is what is resampled.
import { entropySink, firstProposals, orderDiversity, randomGlobalArNess, type TraceFigures, traceFigures } from "@diffucoder/analysis";
import { createRandom, type Random } from "@diffucoder/core";
import { bootstrapMean, type Estimate, type Interval, pairedDifference, passAtK, type PassCounts } from "@diffucoder/eval";
import type { AnalyzedRun } from "@diffucoder/report";
import type { DenoiseTrace } from "@diffucoder/samplers";
import type { AnalyzeConfig } from "./analyze-config.ts";

/** A sample, as an analysis sees it. */
export interface TracedSample {
  taskId: string;
  trace: DenoiseTrace;
}

/** Means over the samples of one task; undefined where the traces do not tell. */
export interface TaskMeasures {
  taskId: string;
  local: number[];
  global: number[];
  randomGlobal: number[];
  entropy: number;
  tokensPerPass: number;
  answerLength: number | undefined;
  entropySink: number | undefined;
  orderTau: number | undefined;
  orderEntropy: number | undefined;
  /** Entropy by distance from the prompt at the first pass. */
  firstPass: (number | undefined)[];
  /** @default not scored */
  pass?: PassCounts;
}

/** One model at one setting on one data set, task by task. */
export interface MeasuredRun {
  name: string;
  samples: number;
  tasks: TaskMeasures[];
}

type Measuring = Pick<AnalyzeConfig, "ks" | "conventions">;

/** @param counts of the tasks that were scored */
export function measureRun(
  name: string,
  samples: readonly TracedSample[],
  { config, counts }: { config: Measuring; counts?: ReadonlyMap<string, PassCounts> },
): MeasuredRun {
  const byTask = new Map<string, DenoiseTrace[]>();
  for (const { taskId, trace } of samples) byTask.set(taskId, [...(byTask.get(taskId) ?? []), trace]);
  const tasks = [...byTask].map(([taskId, traces]): TaskMeasures => {
    const pass = counts?.get(taskId);
    return { taskId, ...measureTask(traces, config), ...(pass && { pass }) };
  });
  return { name, samples: samples.length, tasks };
}

function measureTask(traces: readonly DenoiseTrace[], { ks, conventions }: Measuring): Omit<TaskMeasures, "taskId"> {
  const figures = traces.map((trace) => traceFigures(trace, { ks, ...conventions }));
  const proposals = traces.flatMap((trace) => firstProposals(trace, conventions) ?? []);
  const sinks = traces.map((trace) => entropySink(firstProposals(trace, conventions) ?? []));
  const orders = figures.map(({ order }) => order);
  const diversity = orders.length < 2 ? undefined : orderDiversity(orders);
  const meanOf = (valueOf: (one: TraceFigures) => number): number => mean(figures.map(valueOf));
  const farthest = Math.max(-1, ...proposals.map(({ distance }) => distance));
  return {
    local: ks.map((_, i) => meanOf(({ local }) => local[i]!)),
    global: ks.map((_, i) => meanOf(({ global }) => global[i]!)),
    randomGlobal: ks.map((k) => meanOf(({ order }) => randomGlobalArNess({ length: order.steps.flat().length, k }))),
    entropy: meanOf(({ entropy }) => entropy),
    tokensPerPass: meanOf(({ tokensPerPass }) => tokensPerPass),
    answerLength: meanOfKnown(figures.map(({ answerLength }) => answerLength)),
    entropySink: meanOfKnown(sinks),
    orderTau: diversity?.tau,
    orderEntropy: diversity?.entropy,
    firstPass: Array.from({ length: farthest + 1 }, (_, at) =>
      meanOfKnown(proposals.filter(({ distance }) => distance === at).map(({ entropy }) => entropy)),
    ),
  };
}

/** Means over tasks with intervals, which depend on the seed and the run's name alone. */
export function estimateRun({ name, samples, tasks }: MeasuredRun, { ks, seed }: { ks: readonly number[]; seed: number }): AnalyzedRun {
  const random = createRandom(seed).split("analysis", name);
  const estimate = (what: string, valueOf: (task: TaskMeasures) => number | undefined): Estimate | undefined =>
    estimateMean(tasks.map(valueOf), random.split(what));
  const known = (what: string, valueOf: (task: TaskMeasures) => number): Estimate => estimate(what, valueOf)!;
  const optional = <Name extends string>(key: Name, valueOf: (task: TaskMeasures) => number | undefined) => {
    const value = estimate(key, valueOf);
    return (value === undefined ? {} : { [key]: value }) as { [Key in Name]?: Estimate };
  };
  const most = Math.max(0, ...tasks.map(({ pass }) => pass?.n ?? 0));
  const passKs = most === 0 ? [] : [...new Set([1, most])];
  return {
    name,
    tasks: tasks.length,
    samples,
    local: ks.map((k, i) => ({ k, ...known(`local ${k}`, ({ local }) => local[i]!) })),
    global: ks.map((k, i) => ({ k, random: mean(tasks.map((task) => task.randomGlobal[i]!)), ...known(`global ${k}`, (task) => task.global[i]!) })),
    entropy: known("entropy", (task) => task.entropy),
    tokensPerPass: known("tokensPerPass", (task) => task.tokensPerPass),
    ...optional("answerLength", (task) => task.answerLength),
    ...optional("entropySink", (task) => task.entropySink),
    ...optional("orderTau", (task) => task.orderTau),
    ...optional("orderEntropy", (task) => task.orderEntropy),
    ...(passKs.length > 0 && { passAtK: passKs.map((k) => ({ k, ...known(`pass ${k}`, passRate(k) as (task: TaskMeasures) => number) })) }),
  };
}

/** pass@k of a task that has k scored samples. */
export function passRate(k: number): (task: TaskMeasures) => number | undefined {
  return ({ pass }) => (pass === undefined || pass.n < k ? undefined : passAtK({ ...pass, k }));
}

/** A difference of two means over tasks. */
export interface Difference {
  difference: number;
  interval95: Interval;
  /** Tasks that both runs have a value of. */
  tasks: number;
}

/** `after - before` over the tasks that both have a value of, in pairs; undefined if there are fewer than two. */
export function pairedRuns(
  before: MeasuredRun,
  after: MeasuredRun,
  valueOf: (task: TaskMeasures) => number | undefined,
  random: Random,
): Difference | undefined {
  const afterById = new Map(after.tasks.map((task) => [task.taskId, valueOf(task)]));
  const pairs = before.tasks.flatMap((task) => {
    const [one, other] = [valueOf(task), afterById.get(task.taskId)];
    return one === undefined || other === undefined ? [] : [[one, other] as const];
  });
  if (pairs.length < 2) return undefined;
  const [firsts, seconds] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
  return { ...pairedDifference(firsts, seconds, { random }), tasks: pairs.length };
}

function estimateMean(values: readonly (number | undefined)[], random: Random): Estimate | undefined {
  const known = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  return known.length === 0 ? undefined : bootstrapMean(known, { random });
}

function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : mean(known);
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
