// The queue of a command: its address is an option, its secrets are variables of the environment.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError } from "@diffucoder/core";
import { openLink, QUEUE_KINDS, type QueueKind, type QueueLink } from "@diffucoder/queue";
import type { Command } from "commander";
import { type QueueOptions, servedFiles, sharedFiles } from "@diffucoder/recipes";

/** How long a worker keeps a piece of work without renewing its lease, milliseconds. */
export const LEASE_MS = 30_000;

/** What `--queue` means. */
export const QUEUE =
  "redis://HOST:PORT, rediss://HOST:PORT or folder:DIR; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA (a file) are read from the environment";

/** The options of a trainer with workers. */
export interface QueueFlags {
  queue?: string;
  queueKinds: string;
  weightsAddress: string;
  replay: string;
  overtake: string;
}

/** Adds the options of a trainer with workers. */
export function addQueueOptions(command: Command): Command {
  return command
    .option("--queue <address>", `have workers do rollouts and rewards, with the same result: ${QUEUE}`)
    .option("--queue-kinds <kinds>", "what workers do: all, rollouts or rewards", "all")
    .option("--weights-address <host:port>", "where workers fetch weights from this process (with Redis)", "127.0.0.1:0")
    .option("--replay <share>", "share of the workers' results that are computed once more here, 0 to 1", "0.05")
    .option("--overtake <seconds>", "after so long without any result give what is missing to a second worker", "60");
}

/** Opens a command's queue. @throws as `openLink` */
export async function openQueue(address: string): Promise<QueueLink> {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password, REDIS_CA: ca } = process.env;
  return openLink(address, { leaseMs: LEASE_MS, username, password, ...(ca !== undefined && { ca: readFileSync(ca, "utf8") }) });
}

/** Does a run's work with its queue, if it has one. */
export async function withQueue<T>(flags: QueueFlags, work: (queue: QueueOptions | undefined) => Promise<T>): Promise<T> {
  const { queue: address, weightsAddress } = flags;
  if (address === undefined) return work(undefined);
  const kinds = queueKinds(flags.queueKinds, "--queue-kinds");
  const replay = numberOf("--replay", flags.replay, { max: 1 });
  const overtakeMs = 1000 * numberOf("--overtake", flags.overtake, { max: 86_400 });
  const link = await openQueue(address);
  const files = address.startsWith("folder:") ? sharedFiles(join(address.slice("folder:".length), "weights")) : await servedFiles(weightsAddress);
  try {
    return await work({ link, files, replay, overtakeMs, rewards: kinds.includes("rewards") });
  } finally {
    files.close();
    await link.close();
  }
}

/** `rollouts,rewards` as a list. @throws {InvalidArgumentError} */
export function queueKinds(text: string, flag: string): QueueKind[] {
  const kinds = text === "all" ? [...QUEUE_KINDS] : text.split(",");
  const isKind = (kind: string): kind is QueueKind => QUEUE_KINDS.some((one) => one === kind);
  if (kinds.every(isKind)) return kinds;
  throw new InvalidArgumentError({ argument: flag, value: text, expected: `all, or some of ${QUEUE_KINDS.join(",")}` });
}

function numberOf(flag: string, text: string, { max }: { max: number }): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value <= max) return value;
  throw new InvalidArgumentError({ argument: flag, value: text, expected: `a number from 0 to ${max}` });
}
