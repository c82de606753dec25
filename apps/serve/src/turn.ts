// From a checked request to its answer: it waits for its turn, runs, and is told whole or as a stream.
import { setTimeout as later } from "node:timers/promises";
import type { Context } from "hono";
import type { BatchShare, Ticket } from "./admission.ts";
import type { Served } from "./app.ts";
import { clientOf } from "./client.ts";
import { type CompletionEvent, type CompletionJob, prepareCompletion } from "./completions.ts";
import { eventStream, PING, PING_MS, withPings } from "./event-stream.ts";
import { observed } from "./observed.ts";
import { noteFacts } from "./request-log.ts";
import { type RequestSignal, requestSignal } from "./request-signal.ts";

/** How long a stream waits for what is wrong with it, or for its first event, before it opens. A constraint is compiled first, and can be refused then. */
const opensAfterMs = ({ decoding }: CompletionJob): number => (decoding.constraint === undefined ? 50 : PING_MS);

/** How an endpoint tells what was generated. */
export interface Telling {
  isStream: boolean;
  /** The body of a whole answer. */
  whole: (events: readonly CompletionEvent[]) => object;
  /** The messages of a stream. */
  messages: (events: AsyncGenerator<CompletionEvent>) => AsyncGenerator<string>;
}

/**
 * Runs a job in its turn. What is wrong with it, or with the queue, surfaces while a status can still be sent.
 *
 * @throws {ApiError} if too many wait already @throws what the model finds wrong with the job
 */
export async function answerInTurn(
  served: Served,
  c: Context,
  { job, isStream, whole, messages }: Telling & { job: CompletionJob },
): Promise<Response> {
  noteFacts(c, { prompt: job.inputs });
  const { share, run } = prepareCompletion(served.engine, job);
  const ending = endingOf(served, c);
  const events = enter(served, { c, share, ending, run });
  if (!isStream) {
    const all: CompletionEvent[] = [];
    for await (const event of events) all.push(event);
    return c.json(whole(all));
  }
  const first = events.next(); // from here on `return` ends the turn
  await Promise.race([first, later(opensAfterMs(job), undefined, { ref: false })]);
  return eventStream(withPings(opened(first, events, messages)), { onCancel: ending.cancel });
}

/** What ends a request: the client leaves, time is up, or the server stops. */
export function endingOf({ timeLimitMs, cut: shutdown }: Served, c: Context): RequestSignal {
  return requestSignal({ request: c.req.raw, timeLimitMs, ...(shutdown && { shutdown }) });
}

interface Entered {
  c: Context;
  share: BatchShare;
  ending: RequestSignal;
  run: (signal: AbortSignal) => AsyncGenerator<CompletionEvent>;
}

function enter(served: Served, { c, share, ending, run }: Entered): AsyncGenerator<CompletionEvent> {
  try {
    return inTurn(served, { c, ending, run, ticket: served.admission.enter({ ...clientOf(c), share }, ending.signal) });
  } catch (error) {
    ending.end();
    throw error;
  }
}

/** Waits for its turn, then runs; turn and request end with the events, also if the reader stops early. */
async function* inTurn(
  { metrics }: Served,
  { c, ending: { signal, end }, run, ticket }: Omit<Entered, "share"> & { ticket: Ticket },
): AsyncGenerator<CompletionEvent> {
  const arrived = performance.now();
  const seconds = (): number => (performance.now() - arrived) / 1000;
  let isDone = false;
  try {
    await ticket.admitted;
    noteFacts(c, { waited: Number(seconds().toFixed(4)) });
    yield* observed(run(signal), { onFirstToken: () => metrics.firstToken(seconds()), onFacts: (facts) => noteFacts(c, facts) });
    isDone = true;
  } finally {
    ticket.leave(isDone);
    end();
  }
}

/** A comment at once, so that a stream is open before the first token. The turn is left even if nobody reads on. */
async function* opened(
  first: Promise<IteratorResult<CompletionEvent>>,
  events: AsyncGenerator<CompletionEvent>,
  messages: Telling["messages"],
): AsyncGenerator<string> {
  first.catch(() => {}); // the reader gets it
  try {
    yield PING;
    yield* messages(beginningWith(first, events));
  } finally {
    await events.return(undefined);
  }
}

/** Events of which the first is awaited already. */
export async function* beginningWith<E>(first: Promise<IteratorResult<E>>, rest: AsyncGenerator<E>): AsyncGenerator<E> {
  for (let result = await first; result.done !== true; result = await rest.next()) yield result.value;
}
