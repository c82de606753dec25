import type { Context, Hono } from "hono";
import { type BatchShare, shareOf, type Ticket } from "../admission.ts";
import type { Env, Served } from "../app.ts";
import { clientOf } from "../client.ts";
import { decodingOptions } from "../decoding-fields.ts";
import { type DenoiseEvent, denoiseMessages, generationEvents, infillEvents } from "../denoise.ts";
import { eventStream, message, PING, PING_MS, withPings } from "../event-stream.ts";
import { observed, type Observer } from "../observed.ts";
import { noteFacts } from "../request-log.ts";
import type { RequestSignal } from "../request-signal.ts";
import { type DenoiseRequest, DenoiseRequestSchema, parseBody } from "../requests.ts";

/** `POST /v1/denoise`: the order in which tokens are revealed, as server-sent events. */
export function addDenoise(app: Hono<Env>, served: Served, endingOf: (c: Context) => RequestSignal): void {
  app.post("/v1/denoise", async (c) => {
    const request = await parseBody(DenoiseRequestSchema, c.req.raw);
    return denoise(served, c, request, () => endingOf(c));
  });
}

/** How often the place in the queue is looked at. */
const LOOK_MS = 500;

/** What is wrong with the request, its constraint or the queue surfaces before the first byte, while a status can still be sent. */
async function denoise(served: Served, c: Context, request: DenoiseRequest, endingOf: () => RequestSignal): Promise<Response> {
  const { prompt, messages, template } = request;
  noteFacts(c, { prompt: { prompt, messages, template } });
  const arrived = performance.now();
  const { share, ready, start } = prepared(served, request, {
    onFirstToken: () => served.metrics.firstToken((performance.now() - arrived) / 1000),
    onFacts: (facts) => noteFacts(c, facts),
  });
  const ending = endingOf();
  try {
    const ticket = served.admission.enter({ ...clientOf(c), share }, ending.signal);
    try {
      await Promise.race([ticket.admitted, later(0)]);
      await Promise.race([ready(), later(PING_MS)]);
    } catch (error) {
      ticket.leave(false);
      throw error;
    }
    const stream = withPings(streamOf(served, { ending, ticket, start }));
    return eventStream(stream, { onCancel: ending.cancel });
  } catch (error) {
    ending.end();
    throw error;
  }
}

type Start = (signal: AbortSignal) => AsyncGenerator<DenoiseEvent>;

/** A request that has been checked, and whose constraint `ready` compiles. */
interface Prepared {
  share: BatchShare;
  ready: () => Promise<void>;
  start: Start;
}

function prepared({ engine, randomSeed }: Served, request: DenoiseRequest, observer: Observer): Prepared {
  const { prompt, messages, template, temperature, top_p: topP, seed = randomSeed(), provisional } = request;
  const options = { ...decodingOptions(request), temperature, topP, seed, provisional };
  if (template === undefined) {
    const generation = engine.prepare({ ...options, ...(messages === undefined ? { prompt } : { messages }) });
    return {
      share: shareOf([generation]),
      ready: generation.ready,
      start: (signal) => generationEvents(observed(generation.start(signal), observer)),
    };
  }
  let tell: Parameters<Parameters<typeof infillEvents>[1]>[0];
  const infilling = engine.prepareInfill({ ...options, template, prompt, length: "fixed", onStep: (step) => tell(step) });
  const start: Start = (signal) =>
    infillEvents(infilling.layout, (onStep) => {
      tell = onStep;
      return infilling.start(signal);
    });
  return { share: shareOf([infilling]), ready: infilling.ready, start };
}

interface Turn {
  ending: RequestSignal;
  ticket: Ticket;
  start: Start;
}

/** A comment at once, the place in the queue while it waits, then the events. Turn and request end with the stream. */
async function* streamOf({ report }: Served, { ending: { signal, end }, ticket, start }: Turn): AsyncGenerator<string> {
  let id = 0;
  let isDone = false;
  try {
    yield PING;
    const isMine = ticket.admitted.then(() => true);
    let told: number | undefined;
    while (!(await Promise.race([isMine, later(told === undefined ? 0 : LOOK_MS)]))) {
      const ahead = ticket.ahead() + 1; // with the one that runs
      if (ahead !== told) yield message({ ahead }, { event: "queued", id: id++ });
      told = ahead;
    }
    yield* denoiseMessages(start(signal), { firstId: id, report });
    isDone = !signal.aborted;
  } catch (error) {
    yield message(report(error).body, { event: "error", id });
  } finally {
    ticket.leave(isDone);
    end();
  }
}

function later(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds).unref());
}
