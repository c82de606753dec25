// What a person asks of a queue: who trains, how far it is, what waits, and who works.
import type { QueueCounts, QueueKind, QueueLink } from "@diffucoder/queue";
import { readMessage, type RunCard, RunCardSchema } from "./messages.ts";

/** A queue and its run. */
export interface QueueStatus {
  /** How much of each kind lies in it. */
  queue: Record<QueueKind, QueueCounts>;
  /** The run that is announced. @default nobody announces one */
  run: RunStatus | undefined;
}

/** A run with workers. */
export type RunStatus = RunCard["trainer"] &
  RunCard["figures"] & {
    /** What it does. */
    task: RunCard["work"]["task"];
    /** Steps between its weights and those that it samples with. */
    staleness: number;
    /** Workers whose results were wrong. */
    quarantined: readonly string[];
  };

/** Reads the queue's state, and changes nothing. What the run says of itself is at most some seconds old. */
export async function queueStatus(link: QueueLink): Promise<QueueStatus> {
  const card = readMessage(RunCardSchema, (await link.announced()) ?? "");
  const queue = await link.counts();
  if (card === undefined) return { queue, run: undefined };
  const { trainer, figures, work, quarantined } = card;
  return { queue, run: { ...trainer, ...figures, task: work.task, staleness: trainer.step - trainer.version, quarantined } };
}
