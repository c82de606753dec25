// The work itself: what runs in a worker's second process.
import { copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import { type ProgramTests, type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import { readSafetensors } from "@diffucoder/tensor";
import { type DiffusionModel, loadDiffusionModel } from "../training/load-diffusion-model.ts";
import { fetchContent } from "./fetch-content.ts";
import { machineCard } from "@diffucoder/engine";
import { readMessage, RewardJobSchema, RolloutJobSchema, type RunCard } from "./messages.ts";
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

interface OpenRun {
  run: string;
  coder: DiffusionModel;
  sampler: ReturnType<typeof rowSampler>;
  weights: { sha256: string; parameters: DiffusionModel["parameters"] } | undefined;
}

/** Does pieces of work, one after the other. The model stays loaded between them. */
export function doWork({ cache, sandbox }: DoWorkOptions): DoWork {
  let open: OpenRun | undefined;
  const openRun = async (card: RunCard): Promise<OpenRun> => {
    if (open?.run === card.run) return open;
    open?.sampler.dispose();
    await open?.coder.close();
    const coder = await loadDiffusionModel(await modelOf(card, cache), card.executor);
    open = { run: card.run, coder, sampler: rowSampler(coder, card), weights: undefined };
    return open;
  };
  return async ({ kind, body }, card) => {
    if (kind === "rewards") return JSON.stringify({ scores: await scores(body, sandbox) });
    const job = readMessage(RolloutJobSchema, body);
    if (kind !== "rollouts" || job === undefined) throw badItem();
    const run = await openRun(card);
    if (run.weights?.sha256 !== job.weights) {
      const path = await fetchContent(job.weights, { where: card.weights, folder: join(cache, "files") });
      run.weights = { sha256: job.weights, parameters: readSafetensors(path).arrays };
      removeOld(join(cache, "files"), card);
    }
    const { completionIds, forwardTokens } = await run.sampler.sample(run.weights.parameters, job);
    return JSON.stringify({ machine: machineCard(), weights: job.weights, completionIds, forwardTokens });
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
  mkdirSync(folder, { recursive: true });
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
