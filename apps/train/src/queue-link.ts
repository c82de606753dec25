// The queue of a command: its address is an option, its secrets are variables of the environment.
import { join } from "node:path";
import { InvalidArgumentError, readText } from "@diffucoder/core";
import { openLink, QUEUE_KINDS, type QueueKind, type QueueLink } from "@diffucoder/queue";
import type { Command } from "commander";
import { runMetrics, serveMetrics } from "./queue-metrics.ts";
import { type QueueOptions, servedFiles, sharedFiles } from "@diffucoder/recipes";

/** How long a worker keeps a piece of work without renewing its lease, milliseconds. */
export const LEASE_MS = 30_000;

/** What `--queue` means. */
export const QUEUE =
  "redis://HOST:PORT, rediss://HOST:PORT or folder:DIR; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA (a file) are read from the environment";

/** What `--metrics-port` means. */
export const METRICS_PORT = "port for Prometheus, at /metrics; 0 takes a free one (default: none)";

/** The options of a run with workers. */
export interface QueueFlags {
  queue?: string;
  weightsAddress: string;
  replay: string;
  overtake: string;
  metricsPort?: string;
  /** Of a trainer alone. */
  queueKinds?: string;
  maxStaleness?: string;
}

/** Adds the options of a run with workers, who do `what`. */
export function addQueueOptions(command: Command, what: string): Command {
  return command
    .option("--queue <address>", `have workers do ${what}, with the same result: ${QUEUE}`)
    .option("--weights-address <host:port>", "where workers fetch weights from this process (with Redis)", "127.0.0.1:0")
    .option("--replay <share>", "share of the workers' results that are computed once more here, 0 to 1", "0.05")
    .option("--overtake <seconds>", "after so long without any result give what is missing to a second worker", "60")
    .option("--metrics-port <port>", METRICS_PORT);
}

/** Adds those of a trainer. */
export function addTrainerQueueOptions(command: Command): Command {
  return addQueueOptions(command, "rollouts and rewards")
    .option("--queue-kinds <kinds>", "what workers do: all, rollouts or rewards", "all")
    .option("--max-staleness <steps>", "workers sample so many steps ahead, with older weights; sets training.maxStaleness (default: 0)");
}

/** `--max-staleness` as a setting, since the result depends on it. */
export function stalenessSetting({ maxStaleness }: Pick<QueueFlags, "maxStaleness">): string[] {
  return maxStaleness === undefined ? [] : [`training.maxStaleness=${maxStaleness}`];
}

/** Opens a command's queue. @throws as `openLink` */
export async function openQueue(address: string): Promise<QueueLink> {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password, REDIS_CA: ca } = process.env;
  return openLink(address, { leaseMs: LEASE_MS, username, password, ...(ca !== undefined && { ca: readText(ca) }) });
}

/** Does a run's work with its queue, if it has one. */
export async function withQueue<T>(flags: QueueFlags, work: (queue: QueueOptions | undefined) => Promise<T>): Promise<T> {
  const { queue: address, weightsAddress, queueKinds: given = "rollouts" } = flags;
  if (address === undefined) return work(undefined);
  const kinds = queueKinds(given, "--queue-kinds");
  const replay = numberOf("--replay", flags.replay, { max: 1 });
  const overtakeMs = 1000 * numberOf("--overtake", flags.overtake, { max: 86_400 });
  const link = await openQueue(address);
  const files = address.startsWith("folder:") ? sharedFiles(join(address.slice("folder:".length), "weights")) : await servedFiles(weightsAddress);
  const metrics = flags.metricsPort === undefined ? undefined : await serveMetrics(runMetrics(link), portOf(flags.metricsPort));
  try {
    return await work({ link, files, replay, overtakeMs, rewards: kinds.includes("rewards") });
  } finally {
    metrics?.close();
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

/** A `--metrics-port`. @throws {InvalidArgumentError} */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw new InvalidArgumentError({ argument: "--metrics-port", value: text, expected: "a port, 0 to 65535" });
}

function numberOf(flag: string, text: string, { max }: { max: number }): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= 0 && value <= max) return value;
  throw new InvalidArgumentError({ argument: flag, value: text, expected: `a number from 0 to ${max}` });
}
