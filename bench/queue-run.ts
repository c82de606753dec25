// Steps of coupled-GRPO with the recipe of `npm start`, in process or with a worker over a queue, and what they take of the processor. Trainer and
// worker share this process, so that its processor time is that of both; programs under test run in others, the same ones either way, and do not count.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, parseConfig } from "@diffucoder/core";
import { folderLink, type QueueLink, redisLink } from "@diffucoder/queue";
import { CoupledGrpoRecipeSchema, doWork, loadDiffusionModel, runCoupledGrpo, runWorker, sharedFiles } from "@diffucoder/recipes";
import { createSandbox } from "@diffucoder/reward-sandbox";
import { bundledModelDir } from "diffucoder";

/** What is trained, small for a run that only shows that it works. */
export interface QueueRunOptions {
  steps: number;
  /** Prompts of a step, a group each. */
  groups: number;
  numGenerations: number;
  /** Address of the queue. @default none, in process */
  queue?: string | undefined;
}

/** Milliseconds of processor time. */
export interface QueueRun {
  /** Of each step but the first, which compiles. */
  steps: number[];
  /** Of each group that a worker did, without the first step's; those whose weights had to be read first are apart. */
  rollouts: number[];
  rolloutsWithLoading: number[];
  rewards: number[];
}

const LEASE = 600_000; // renewed by nobody here if the machine is busy

export async function queueRun({ steps, groups, numGenerations, queue: address }: QueueRunOptions): Promise<QueueRun> {
  const folder = mkdtempSync(join(tmpdir(), "bench-queue-"));
  const modelDir = bundledModelDir();
  const coder = await loadDiffusionModel(modelDir);
  const sandbox = await createSandbox();
  const stop = new AbortController();
  const link = address === undefined ? undefined : await linkTo(address, folder);
  const run: QueueRun = { steps: [], rollouts: [], rolloutsWithLoading: [], rewards: [] };
  const work = doWork({ cache: join(folder, "cache"), sandbox });
  let lastWeights = "";
  const timedWork: typeof work = async (item, card) => {
    const before = processorMilliseconds();
    const result = await work(item, card);
    const took = processorMilliseconds() - before;
    if (!item.id.includes("-s0-") && !item.id.includes("-r0-")) {
      const { weights } = JSON.parse(item.body) as { weights?: string };
      const isLoading = weights !== undefined && weights !== lastWeights;
      (item.kind === "rewards" ? run.rewards : isLoading ? run.rolloutsWithLoading : run.rollouts).push(took);
      lastWeights = weights ?? lastWeights;
    }
    return result;
  };
  const worker =
    link &&
    runWorker({ link, name: "w", kinds: ["rollouts", "rewards"], work: timedWork, leaseMs: LEASE, onNote: () => {}, signal: stop.signal }).catch(
      ignoreAbort,
    );
  let before: number | undefined;
  const training = { maxSteps: steps, promptsPerStep: groups, numGenerations, numIterations: 2, beta: 0, learningRate: 1e-4, saveSteps: 1000 };
  try {
    await runCoupledGrpo({
      recipe: parseConfig(CoupledGrpoRecipeSchema, {
        data: { dataset: "tinycode", tiers: { 2: 2, 3: 3 }, tasks: 60 },
        sampling: { alg: "entropy", steps: 24, temperature: 1, topP: 1, schedule: "even" },
        training,
      }),
      coder,
      modelDir,
      sandbox,
      output: join(folder, "run"),
      fresh: true,
      signal: new AbortController().signal,
      onProgress: () => {
        const now = processorMilliseconds();
        if (before !== undefined) run.steps.push(now - before);
        before = now;
      },
      onNote: () => {},
      queue: link && { link, files: sharedFiles(join(folder, "weights")), replay: 0, rewards: true, overtakeMs: LEASE },
    });
    return run;
  } finally {
    stop.abort();
    await worker;
    await link?.close();
    sandbox.close();
    await coder.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function linkTo(address: string, folder: string): Promise<QueueLink> {
  return address === "folder" ? folderLink(join(folder, "queue"), { leaseMs: LEASE }) : await redisLink({ url: address, leaseMs: LEASE });
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof AbortedError)) throw error;
}

function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
