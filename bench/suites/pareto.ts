// Steps x threshold x cache on the model that comes with the project: pass@1 of held-out TinyCode tasks by their hidden
// tests, against forward passes, tokens through the network, and time, and accuracy under parallelism of each method. Every setting
// decodes tasks of TinyCode's development split greedily, and more of them as long as they do not tell whether it is as good as one token a
// step. The one that `recommended` takes of those is then held to one token a step on the test split, which has chosen nothing.
import { existsSync } from "node:fs";
import { createRandom, writeFileAtomic } from "@diffucoder/core";
import { programTests, type TinyCodeTask, tinyCodeTasks } from "@diffucoder/tasks";
import { bootstrapMean, type Interval } from "@diffucoder/eval";
import { paretoReport } from "@diffucoder/report";
import { cachedNetwork } from "@diffucoder/model";
import { createSandbox, type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import {
  type CacheOptions,
  createCachedDenoiser,
  createDenoiser,
  type Decoder,
  type DisposableDenoiser,
  dreamDecoder,
  generate,
  parallelDecoder,
  SamplerOptionsSchema,
} from "@diffucoder/samplers";
import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import { extent, median, type Result, timed } from "../measurement.ts";
import { recommended, standing } from "../recommendation.ts";
import { curves, paretoResults, type Swept as Measured } from "./pareto-results.ts";
import type { SuiteOptions } from "./suite.ts";

const BATCH_SIZE = 50;
/** Of each split; multiples of the batch, so that the first one has compiled what the others run. */
const TASKS = 600;
const QUICK_TASKS = 8;
/** The development tasks come in so many portions; what is decided after one of them decodes no further. */
const PORTIONS = 4;
const ROUNDS = 2;
const REPORT = "runs/pareto.html";

interface Setting {
  name: string;
  /** Settings of one method make one curve. */
  method: string;
  decoder: (maxNewTokens: number) => Decoder;
  cache?: CacheOptions;
}

const steps = (tokensPerStep: number): Setting => ({
  name: tokensPerStep === 1 ? "one token a step" : `${tokensPerStep} tokens a step`,
  method: "tokens a step",
  decoder: (maxNewTokens) =>
    dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens, steps: maxNewTokens / tokensPerStep, alg: "entropy", schedule: "even" })),
});
const threshold = (least: number, { blockLength, cache }: { blockLength?: number; cache?: CacheOptions } = {}): Setting => ({
  name: [`threshold ${least}`, ...inBlocks(blockLength, cache)].join(", "),
  method: ["threshold", ...inBlocks(blockLength, cache)].join(", "),
  decoder: () => parallelDecoder({ rule: "threshold", threshold: least, blockLength }),
  ...(cache && { cache }),
});

const settings: readonly Setting[] = [
  steps(1), // the baseline
  steps(2),
  steps(3),
  threshold(0.95),
  threshold(0.9),
  threshold(0.8),
  threshold(0.9, { blockLength: 16 }),
  threshold(0.95, { cache: { kind: "delayed" } }),
  threshold(0.9, { cache: { kind: "delayed" } }),
  threshold(0.9, { cache: { kind: "delayed", refreshDrift: 0.3 } }),
  threshold(0.9, { blockLength: 16, cache: { kind: "delayed" } }),
  threshold(0.9, { blockLength: 16, cache: { kind: "dual" } }),
  threshold(0.9, { blockLength: 16, cache: { kind: "dual", refreshSteps: 3 } }),
  threshold(0.9, { blockLength: 16, cache: { kind: "prefix" } }),
  threshold(0.8, { blockLength: 16, cache: { kind: "delayed" } }),
  threshold(0.8, { blockLength: 16, cache: { kind: "dual" } }),
];

export async function paretoSuite({ quick, say, tasks: count = quick ? QUICK_TASKS : TASKS }: SuiteOptions): Promise<Result[]> {
  if (!existsSync(bundledModelDir())) {
    say("pareto: skipped; the bundled model tinycode-base is not there.");
    return [];
  }
  const coder = await loadDiffuCoder(bundledModelDir());
  const sandbox = await createSandbox();
  try {
    const dev = tasksOf(coder, "dev", count);
    const swept: Swept[] = [];
    for (const [i, setting] of settings.entries()) {
      say(`pareto: ${i + 1} of ${settings.length + 1}, ${setting.name} ...`);
      swept.push(await sweep(setting, { coder, sandbox, tasks: dev, baseline: swept[0] }));
    }
    const [baseline, ...others] = swept as [Swept, ...Swept[]];
    const best = recommended(baseline, others);
    say(`pareto: ${settings.length + 1} of ${settings.length + 1}, ${best.name} held to ${baseline.name} on the test split ...`);
    const test = tasksOf(coder, "test", count);
    const confirmation = await confirm([baseline.setting, best.setting], { coder, sandbox, tasks: test, rounds: quick ? 1 : ROUNDS });
    if (!quick) {
      const description = `tinycode-base, greedily, ${BATCH_SIZE} rows at once: up to ${dev.length} tasks of TinyCode's development split, hidden tests.`;
      const methods = curves(swept);
      writeFileAtomic(REPORT, paretoReport({ title: "Decoding: quality and cost", description, settings: swept, methods, confirmation }));
      say(`pareto: the plots are in ${REPORT}.`);
    }
    return paretoResults(swept, confirmation);
  } finally {
    sandbox.close();
    await coder.close();
  }
}

interface Context {
  coder: DiffuCoder;
  sandbox: Sandbox;
  tasks: readonly TinyCodeTask[];
}

interface Swept extends Measured {
  setting: Setting;
}

/**
 * Decodes the first batch for the plans to be compiled, then the tasks by the clock: all for the baseline, for another setting until it is
 * decided how it stands to it.
 */
async function sweep(setting: Setting, context: Context & { baseline: Swept | undefined }): Promise<Swept> {
  const { tasks, baseline } = context;
  const denoiser = denoiserOf(setting, context.coder);
  const portion = baseline === undefined ? tasks.length : Math.ceil(tasks.length / PORTIONS);
  const done: Decoded & { milliseconds: number } = { texts: [], answerTokens: 0, forwardPasses: 0, forwardTokens: 0, milliseconds: 0 };
  try {
    await decode(setting, denoiser, { ...context, tasks: tasks.slice(0, BATCH_SIZE) });
    for (;;) {
      const from = done.texts.length;
      const started = performance.now();
      const decoded = await decode(setting, denoiser, { ...context, tasks: tasks.slice(from, from + portion) });
      done.milliseconds += performance.now() - started;
      done.texts.push(...decoded.texts);
      for (const key of ["answerTokens", "forwardPasses", "forwardTokens"] as const) done[key] += decoded[key];
      const seen = tasks.slice(0, done.texts.length);
      const swept = await scored(setting, { decoded: done, milliseconds: done.milliseconds }, { ...context, tasks: seen, baseline });
      if (seen.length === tasks.length || swept.standing !== "undecided") return swept;
    }
  } finally {
    denoiser.dispose();
  }
}

/** Two settings in turns, after a batch of each for the plans to be compiled. */
async function confirm(pair: readonly [Setting, Setting], context: Context & { rounds: number }) {
  const contenders = pair.map((setting) => ({
    setting,
    denoiser: denoiserOf(setting, context.coder),
    times: [] as number[],
    decoded: undefined as Decoded | undefined,
  }));
  try {
    const batch = { ...context, tasks: context.tasks.slice(0, BATCH_SIZE) };
    for (const { setting, denoiser } of contenders) await decode(setting, denoiser, batch);
    for (let round = 0; round < context.rounds; round++) {
      for (const one of contenders) one.times.push(await timed(async () => (one.decoded = await decode(one.setting, one.denoiser, context))));
    }
  } finally {
    for (const { denoiser } of contenders) denoiser.dispose();
  }
  const [baseline, chosen] = (await Promise.all(
    contenders.map(({ setting, decoded, times }) => scored(setting, { decoded: decoded as Decoded, milliseconds: median(times) }, context)),
  )) as [Swept, Swept];
  const paired = standing(baseline.passed, chosen.passed);
  const rates = contenders.map(({ times, decoded }) => extent(times.map((ms) => (decoded as Decoded).answerTokens / (ms / 1000))));
  const [baselineSpread, spread] = rates as [Interval, Interval];
  return { tasks: context.tasks.length, baseline, chosen, ...paired, spread, baselineSpread };
}

function denoiserOf({ cache }: Setting, { config, parameters, logits, denoiser: { maskTokenId } }: DiffuCoder): DisposableDenoiser {
  const { vocabSize } = config;
  const common = { parameters: () => parameters, frozen: true, maskTokenId, vocabSize, forbiddenIds: [maskTokenId] };
  return cache === undefined ? createDenoiser({ ...common, logits }) : createCachedDenoiser({ ...common, network: cachedNetwork(config), cache });
}

interface Decoded {
  texts: string[];
  answerTokens: number;
  /** Sums over all completions. */
  forwardPasses: number;
  forwardTokens: number;
}

async function decode(setting: Setting, denoiser: DisposableDenoiser, { coder, tasks }: Context): Promise<Decoded> {
  const { promptLength, maxNewTokens } = coder.generationConfig;
  const ends = [...coder.endIds];
  const decoded: Decoded = { texts: [], answerTokens: 0, forwardPasses: 0, forwardTokens: 0 };
  for (let start = 0; start < tasks.length; start += BATCH_SIZE) {
    const { completionIds, traces, forwardTokens } = await generate({
      denoiser,
      decoder: setting.decoder(maxNewTokens),
      promptIds: tasks.slice(start, start + BATCH_SIZE).map((task) => promptIdsOf(coder, task)),
      maxNewTokens,
      promptLength,
      random: createRandom(0),
      padTokenId: coder.padTokenId,
      eosTokenIds: ends,
    });
    for (const ids of completionIds) {
      const end = ids.findIndex((id) => ends.includes(id));
      decoded.texts.push(coder.tokenizer.decode(end === -1 ? ids : ids.slice(0, end)));
      decoded.answerTokens += end === -1 ? ids.length : end + 1;
    }
    decoded.forwardPasses += traces.reduce((sum, { steps: taken }) => sum + taken.filter(({ positions }) => positions.length > 0).length, 0);
    decoded.forwardTokens += forwardTokens;
  }
  return decoded;
}

async function scored(
  setting: Setting,
  { decoded, milliseconds }: { decoded: Decoded; milliseconds: number },
  { sandbox, tasks, baseline }: Context & { baseline?: Swept | undefined },
): Promise<Swept> {
  const scores = await scoreCompletions({
    sandbox,
    completions: decoded.texts,
    tasks: tasks.map((task) => programTests(task, task.hidden)),
  });
  const passed = scores.map(({ verdicts }) => verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === "pass"));
  const { estimate, interval95 } = bootstrapMean(
    passed.map((pass) => (pass ? 1 : 0)),
    { random: createRandom(0).split("bootstrap") },
  );
  const count = tasks.length;
  return {
    setting,
    name: setting.name,
    method: setting.method,
    group: setting.cache?.kind ?? "no cache",
    passAt1: estimate,
    interval95,
    forwardPasses: decoded.forwardPasses / count,
    forwardTokens: decoded.forwardTokens / count,
    tokensPerPass: decoded.answerTokens / decoded.forwardPasses,
    tasks: count,
    milliseconds: milliseconds / count,
    passed,
    standing: baseline === undefined ? "as good" : standing(baseline.passed, passed).standing,
    answerTokens: decoded.answerTokens / count,
  };
}

function inBlocks(blockLength: number | undefined, cache: CacheOptions | undefined): string[] {
  return [...(blockLength === undefined ? [] : [`blocks of ${blockLength}`]), ...(cache === undefined ? [] : [cacheName(cache)])];
}

function cacheName({ kind, ...rest }: CacheOptions): string {
  return [kind, ...Object.entries(rest).map(([name, value]) => `${name} ${value}`)].join(" ");
}

function promptIdsOf({ tokenizer }: DiffuCoder, { prompt }: Pick<TinyCodeTask, "prompt">): number[] {
  return tokenizer.encodeChat([{ role: "user", content: prompt.text }]);
}

function tasksOf(coder: DiffuCoder, split: "dev" | "test", count: number): TinyCodeTask[] {
  const accepts = (task: Pick<TinyCodeTask, "prompt">): boolean => promptIdsOf(coder, task).length <= coder.generationConfig.promptLength;
  return tinyCodeTasks({ tiers: { 2: 2, 3: 3 }, split, count, seed: 0, accepts });
}
