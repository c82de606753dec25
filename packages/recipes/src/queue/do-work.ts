// The work itself: what runs in a worker's second process.
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import { type ProgramTests, type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import { readSafetensors } from "@diffucoder/tensor";
import { loadPolicyModel } from "../training/load-diffusion-model.ts";
import { fetchContent } from "./fetch-content.ts";
import { type DiffuCoder, loadDiffuCoder, machineCard } from "@diffucoder/engine";
import { answers } from "../evaluation/model-answers.ts";
import { plainAnswers } from "./answer-queue.ts";
import { AnswerJobSchema, readMessage, RewardJobSchema, RolloutJobSchema, type RunCard } from "./messages.ts";
import { rowSampler } from "./row-sampler.ts";
import type { DoWork } from "./worker.ts";

/** Files that a worker keeps: those of the model, and the last few policies. */
const KEPT_FILES = 16;

/** What a worker has to do its work. */
export interface DoWorkOptions {
  /** Folder for weights; it is shared by workers of one machine. */
  cache: string;
  /** Where programs run. @default none: it does no rewards */
  sandbox?: Sandbox | undefined;
}

/** A run whose model is loaded. */
interface OpenRun {
  run: string;
  sample: (body: string) => Promise<object>;
  close: () => Promise<void>;
}

/** Does pieces of work, one after the other. The model stays loaded between them. */
export function doWork({ cache, sandbox }: DoWorkOptions): DoWork {
  let open: OpenRun | undefined;
  return async ({ kind, body }, card) => {
    if (kind === "rewards") return JSON.stringify({ scores: await scores(body, sandbox) });
    if (open?.run !== card.run) {
      await open?.close();
      open = undefined;
      const modelDir = await modelOf(card, cache);
      open = { run: card.run, ...(await (card.work.task === "training" ? openTraining(card, modelDir, cache) : openEvaluation(card, modelDir))) };
    }
    return JSON.stringify({ machine: machineCard(), ...(await open.sample(body)) });
  };
}

async function openTraining(card: RunCard, modelDir: string, cache: string): Promise<Omit<OpenRun, "run">> {
  const work = card.work as Extract<RunCard["work"], { task: "training" }>;
  const coder = await loadPolicyModel(modelDir, work.executor);
  const sampler = rowSampler(coder, work);
  let policy: { sha256: string; parameters: DiffuCoder["parameters"] } | undefined;
  return {
    sample: async (body) => {
      const job = readMessage(RolloutJobSchema, body);
      if (job === undefined) throw badItem();
      if (policy?.sha256 !== job.weights) {
        const path = await fetchContent(job.weights, { where: card.weights, folder: join(cache, "files") });
        policy = { sha256: job.weights, parameters: { ...coder.parameters, ...readSafetensors(path).arrays } };
        removeOld(join(cache, "files"), card);
      }
      const { completionIds, forwardTokens } = await sampler.sample(policy.parameters, job);
      return { weights: job.weights, completionIds, forwardTokens };
    },
    close: async () => {
      sampler.dispose();
      await coder.close();
    },
  };
}

async function openEvaluation(card: RunCard, modelDir: string): Promise<Omit<OpenRun, "run">> {
  const { load, maxRows, hasAdapter } = card.work as Extract<RunCard["work"], { task: "evaluation" }>;
  const coder = await loadDiffuCoder(modelDir, { ...load, maxRows, ...(hasAdapter && { adapter: join(modelDir, "adapter") }) });
  const signal = new AbortController().signal; // the whole process is ended instead
  return {
    sample: async (body) => {
      const job = readMessage(AnswerJobSchema, body);
      if (job === undefined) throw badItem();
      return { answers: plainAnswers(await answers(coder, job.asked, { ...job, signal })) };
    },
    close: () => coder.close(),
  };
}

async function scores(body: string, sandbox: Sandbox | undefined) {
  const job = readMessage(RewardJobSchema, body);
  if (job === undefined || sandbox === undefined) throw badItem();
  const { tests, tasks, terms, ...rest } = job;
  const scored = await scoreCompletions({
    ...rest,
    sandbox,
    tasks: tasks.map((i) => tests[i] as ProgramTests),
    terms: terms.map(({ options, ...term }) => ({ ...term, ...(options && { options }) })),
  });
  return scored.map(({ reward, code, terms: values }) => ({ reward, code, terms: values }));
}

/** The run's model as a folder. */
async function modelOf({ run, files, weights }: RunCard, cache: string): Promise<string> {
  const folder = join(cache, "models", run);
  rmSync(join(cache, "models"), { recursive: true, force: true }); // of earlier runs
  mkdirSync(join(folder, "adapter"), { recursive: true });
  for (const { name, sha256 } of files)
    copyFileSync(await fetchContent(sha256, { where: weights, folder: join(cache, "files") }), join(folder, name));
  return folder;
}

/** Old policies; the model's own files stay. */
function removeOld(folder: string, { files }: RunCard): void {
  const own = new Set(files.map(({ sha256 }) => sha256));
  const others = readdirSync(folder).filter((name) => !own.has(name));
  const byAge = others
    .map((name) => ({ name, age: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.age - a.age);
  for (const { name } of byAge.slice(KEPT_FILES)) rmSync(join(folder, name), { force: true });
}

function badItem(): UnavailableError {
  return new UnavailableError({
    what: "A piece of work",
    problem: "this worker cannot read or do it",
    wayOut: "Use the same version on all machines.",
  });
}
