// What a queue costs, how often a worker that lies is caught, and what many workers would bring.
import { existsSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { bundledModelDir } from "diffucoder";
import { isReplayed } from "../../packages/recipes/src/queue/is-replayed.ts";
import { extent, measured, type Result } from "../measurement.ts";
import { type QueueRun, queueRun } from "../queue-run.ts";
import { type QueueTimes, simulateQueue } from "../queue-simulation.ts";
import type { Suite } from "./suite.ts";

const suite = "queue";
const SHARE = 0.05;
/** Bytes of a version of the weights by those a second that the trainer's network sends: 1 Gbit/s. */
const SEND_SECONDS = (4 * 1.67e6) / 125e6;

export const queueSuite: Suite = async ({ quick, say }) => {
  const caught = catching(quick ? 1000 : 100_000);
  if (!existsSync(bundledModelDir())) {
    say("queue: only what needs no model; the bundled model tinycode-base is not there.");
    return caught;
  }
  say("queue: coupled-GRPO in process and over queues ...");
  const size = quick ? { steps: 2, groups: 1, numGenerations: 2 } : { steps: 4, groups: 6, numGenerations: 8 };
  const runs = await allRuns(size, say);
  const { alone } = runs;
  const overhead = Object.entries(runs).flatMap(([name, run]) => (name === "alone" ? [] : [overheadOf(name, run, alone)]));
  return [...overhead, ...caught, ...efficiency(timesOf(runs["folder"]!, alone!, size.groups), { quick, say })];
};

/** The same steps without a queue and over each. */
async function allRuns(
  size: { steps: number; groups: number; numGenerations: number },
  say: (line: string) => void,
): Promise<Record<string, QueueRun>> {
  const { hasRedis, startRedis } = await import("../../packages/queue/src/redis-server.fixture.ts");
  const redis = hasRedis ? await startRedis() : undefined;
  if (redis === undefined) say("queue: without Redis; there is no redis-server.");
  const queues = { alone: undefined, folder: "folder", ...(redis && { Redis: redis.url }) };
  const runs: Record<string, QueueRun> = {};
  try {
    for (const [name, queue] of Object.entries(queues)) {
      const run = await queueRun({ ...size, queue });
      say(`queue: ${name}, ${run.steps.map((step) => (step / 1000).toFixed(2)).join(", ")} s a step`);
      runs[name] = run;
    }
    return runs;
  } finally {
    await redis?.end();
  }
}

function overheadOf(name: string, run: QueueRun, alone: QueueRun | undefined): Result {
  return measured({
    suite,
    name: `a step over ${name}, processor time of trainer and worker`,
    ours: mean(run.steps),
    spread: extent(run.steps),
    peer: mean(alone!.steps),
    peerSpread: extent(alone!.steps),
    peerName: "without a queue",
    unit: "ms",
    target: { of: "ratio", atMost: 1.02 },
  });
}

/** How often at least one of n wrong results is among those that are computed once more, as the trainer chooses them. */
function catching(runs: number): Result[] {
  return [1, 10, 50, 100].map((lies) => {
    let caught = 0;
    for (let run = 0; run < runs; run++) if (Array.from({ length: lies }, () => isReplayed(SHARE)).includes(true)) caught++;
    const share = caught / runs;
    const half = 1.96 * Math.sqrt((share * (1 - share)) / runs);
    return measured({
      suite,
      name: `caught after ${lies} wrong ${lies === 1 ? "result" : "results"}, ${runs} runs, p = ${SHARE}`,
      ours: 100 * share,
      spread: [100 * (share - half), 100 * (share + half)],
      peer: 100 * (1 - (1 - SHARE) ** lies),
      peerName: "1 - (1 - p)^n",
      unit: "%",
    });
  });
}

/** Seconds, taken from processor time: as on machines of one such core. */
function timesOf(run: QueueRun, alone: QueueRun, groups: number): QueueTimes {
  const seconds = (list: readonly number[]): number[] => list.map((milliseconds) => milliseconds / 1000);
  const [rollouts, rewards] = [seconds(run.rollouts.length > 0 ? run.rollouts : run.rolloutsWithLoading), seconds(run.rewards)];
  const step = mean(seconds(alone.steps));
  const load = Math.max(0, mean(seconds(run.rolloutsWithLoading)) - mean(rollouts));
  const overhead = Math.max(0, mean(seconds(run.steps)) - step - load);
  return {
    rollouts,
    rewards,
    train: Math.max(0, step / groups - mean(rollouts) - mean(rewards)),
    publish: overhead / 2,
    load,
    send: SEND_SECONDS,
    handle: overhead / 2 / (2 * groups),
  };
}

function efficiency(times: QueueTimes, { quick, say }: { quick: boolean; say: (line: string) => void }): Result[] {
  const groups = quick ? 20 : 1000;
  const [rollout, reward] = [mean(times.rollouts), mean(times.rewards)];
  say(
    `queue: simulated with ${groups} groups a step, a rollout of a group ${rollout.toFixed(3)} s, its rewards ${reward.toFixed(3)} s, training on it ${times.train.toFixed(3)} s, ` +
      `weights ${times.publish.toFixed(3)} s to publish, ${times.send.toFixed(3)} s to send to one worker after the other (1 Gbit/s), ${times.load.toFixed(3)} s to read, ` +
      `${(1000 * times.handle).toFixed(1)} ms for a result, ${100 * SHARE} % of the results computed once more by the trainer; workers alike, one core each, none fails.`,
  );
  const random = createRandom(0);
  const simulate = (workers: number, staleness: number) =>
    simulateQueue({ times, workers, groups, steps: quick ? 3 : 6, staleness, replay: SHARE, random: random.split(workers, staleness) });
  const one = simulate(1, 0).groupsPerSecond;
  return [0, 1].flatMap((staleness) =>
    (quick ? [1, 10] : [1, 2, 4, 8, 16, 32, 100, 316, 1000]).map((workers) => {
      const { groupsPerSecond, busy } = simulate(workers, staleness);
      return measured({
        suite,
        name: `${workers} ${workers === 1 ? "worker" : "workers"}, staleness ${staleness}, simulated; workers busy ${(100 * busy).toFixed(0)} %`,
        ours: groupsPerSecond,
        peer: one * workers,
        peerName: "one worker x N",
        unit: "groups/s",
      });
    }),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
