// `train status`: what a queue holds, and how the run on it goes.
import type { Terminal } from "@diffucoder/command-line";
import { QUEUE_KINDS } from "@diffucoder/queue";
import { queueStatus, type QueueStatus } from "@diffucoder/recipes";
import type { Command } from "commander";
import { openQueue, QUEUE } from "./queue-link.ts";

/** Adds `status` to the program. */
export function addStatusCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command("status")
    .description("shows a queue: its run, what waits, and who works (docs/many-machines.md)")
    .requiredOption("--queue <address>", QUEUE)
    .option("--json", "print it as JSON")
    .allowExcessArguments(false)
    .action(async ({ queue, json }: { queue: string; json?: boolean }) => {
      const link = await openQueue(queue);
      try {
        const status = await queueStatus(link);
        terminal.out(json === true ? JSON.stringify(status) : statusText(status));
      } finally {
        await link.close();
      }
    });
}

/** A status as lines. */
export function statusText({ run, queue }: QueueStatus): string {
  const lines = QUEUE_KINDS.map((kind) => {
    const { waiting, claimed, completed } = queue[kind];
    return `${`${kind}:`.padEnd(10)}${waiting} waiting, ${claimed} claimed, ${completed} completed`;
  });
  if (run === undefined) return ["no run is announced", ...lines].join("\n");
  const { task, host, pid, step, version, staleness, rollouts, rewards, rolloutsPerSecond, workers, quarantined } = run;
  return [
    `${task} on ${host}, process ${pid}`,
    ...(task === "training" ? [`step ${step + 1}, sampled with the weights after ${version} steps (staleness ${staleness})`] : []),
    `${rollouts} completions sampled, ${rewards} scored, ${rolloutsPerSecond.toFixed(1)} sampled a second`,
    ...lines,
    ...workers.map(({ name, results, secondsAgo }) => `worker ${name}: ${results} pieces, the last one ${secondsAgo} s ago`),
    ...quarantined.map((name) => `worker ${name}: in quarantine`),
  ].join("\n");
}
