// A worker: claims what it can do, has it done in another process, and renews the lease meanwhile.
import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { AbortedError, UnavailableError } from "@diffucoder/core";
import type { Claim, QueueItem, QueueKind, QueueLink } from "@diffucoder/queue";
import { machineCard } from "@diffucoder/engine";
import { readMessage, type RunCard, RunCardSchema } from "./messages.ts";

/** How often an idle worker looks for work, milliseconds. */
const POLL = 50;

/** What is done first: a trainer always waits for rewards, while rollouts may be of a later step. */
const FIRST: QueueKind = "rewards";

/** What does the work. */
export type DoWork = (item: QueueItem, card: RunCard) => Promise<string>;

/** A worker, and where it works. */
export interface WorkerOptions {
  /** The queue. */
  link: QueueLink;
  /** Its name, different from that of every other worker. */
  name: string;
  /** What it does. */
  kinds: readonly QueueKind[];
  /** Does one piece of work, in a process of its own so that leases can be renewed. */
  work: DoWork;
  /** How long a lease lasts, milliseconds, as the link was opened with. */
  leaseMs: number;
  /** Whether to end when a run ends, instead of waiting for the next one. */
  once?: boolean | undefined;
  /** Gets a sentence when it begins to work for a run, and when a piece of work failed. */
  onNote: (note: string) => void;
  /** Stops the worker; what it holds is given back. */
  signal: AbortSignal;
}

/**
 * Works until it is stopped.
 *
 * @throws {UnavailableError} if this machine does not fit a run, or the trainer does not trust this worker any more
 * @throws {AbortedError} when stopped by `signal`
 */
export async function runWorker({ link, name, kinds, work, leaseMs, once = false, onNote, signal }: WorkerOptions): Promise<void> {
  let run = "";
  const order = kinds.toSorted((a, b) => Number(b === FIRST) - Number(a === FIRST));
  for (; !signal.aborted;) {
    const card = await readCard(link);
    if (card === undefined) {
      if (once && run !== "") return;
      await pause(POLL * 4, signal);
      continue;
    }
    checkFit(card, { name, kinds });
    if (card.run !== run) onNote(`Worker ${name} works for a run on ${card.trainer.host}: ${kinds.join(", ")}.`);
    ({ run } = card);
    const claim = await link.claim({ kinds: order, worker: name });
    if (claim === undefined) await pause(POLL, signal);
    else await workOn(claim, { card, work, leaseMs, onNote, signal });
  }
  throw new AbortedError("The worker");
}

/** What is announced, if a trainer announces something. @throws {UnavailableError} if it is of another version */
async function readCard(link: QueueLink): Promise<RunCard | undefined> {
  const text = (await link.announced()) ?? "";
  if (text === "") return undefined;
  const card = readMessage(RunCardSchema, text);
  if (card !== undefined) return card;
  throw new UnavailableError({
    what: "The run on this queue",
    problem: "its trainer is of another version",
    wayOut: "Use the same version on all machines.",
  });
}

function checkFit({ machine, quarantined }: RunCard, { name, kinds }: { name: string; kinds: readonly QueueKind[] }): void {
  const own = machineCard();
  if (quarantined.includes(name))
    throw new UnavailableError({
      what: `Worker ${name}`,
      problem: "the trainer put it into quarantine, because a result was wrong",
      wayOut: "The trainer's notes say which.",
    });
  if (!kinds.includes("rollouts") || isDeepStrictEqual(own, machine)) return;
  const what = (["build", "processor"] as const)
    .filter((key) => own[key] !== machine[key])
    .map((key) => `${key} is ${own[key]}, the trainer's is ${machine[key]}`);
  throw new UnavailableError({
    what: `Worker ${name}`,
    problem: `it would compute other bits than the trainer: its ${what.join("; its ")}`,
    wayOut: "Use the same build on the same kind of processor, or let this machine do rewards alone: --kinds rewards.",
  });
}

async function workOn(
  claim: Claim,
  { card, work, leaseMs, onNote, signal }: Pick<WorkerOptions, "work" | "leaseMs" | "onNote" | "signal"> & { card: RunCard },
) {
  const timer = setInterval(() => void claim.renew().catch(() => {}), leaseMs / 3);
  try {
    const result = await work(claim.item, card);
    if (signal.aborted) await claim.release();
    else await claim.complete(result);
  } catch (error) {
    if (!signal.aborted) onNote(`${(error as Error).message} The work goes to another worker.`);
    await claim.release();
    await pause(POLL * 4, signal);
  } finally {
    clearInterval(timer);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}
