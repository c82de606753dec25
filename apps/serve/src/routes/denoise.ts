import type { Context, Hono } from "hono";
import type { Served } from "../app.ts";
import { decodingOptions } from "../decoding-fields.ts";
import { type DenoiseEvent, denoiseMessages, generationEvents, infillEvents } from "../denoise.ts";
import { eventStream, message, PING, withPings } from "../event-stream.ts";
import type { RequestSignal } from "../request-signal.ts";
import { type DenoiseRequest, DenoiseRequestSchema, parseBody } from "../requests.ts";

/** `POST /v1/denoise`: the order in which tokens are revealed, as server-sent events. */
export function addDenoise(app: Hono, served: Served, endingOf: (c: Context) => RequestSignal): void {
  app.post("/v1/denoise", async (c) => {
    const request = await parseBody(DenoiseRequestSchema, c.req.raw);
    return denoise(served, request, () => endingOf(c));
  });
}

const PING_MS = 15_000;
/** How often the place in the queue is looked at. */
const LOOK_MS = 500;

/** What is wrong with the request, or with the queue, surfaces before the first byte, while a status can still be sent. */
async function denoise(served: Served, request: DenoiseRequest, endingOf: () => RequestSignal): Promise<Response> {
  const start = prepared(served, request);
  const ending = endingOf();
  const turn = served.queue.acquire(ending.signal);
  await Promise.race([turn, later(0)]).catch((error: unknown) => {
    ending.end();
    throw error;
  });
  const messages = withPings(streamOf(served, { ending, turn, start }), PING_MS);
  return eventStream(messages, { onCancel: ending.cancel });
}

type Start = (signal: AbortSignal) => AsyncGenerator<DenoiseEvent>;

function prepared({ engine, randomSeed }: Served, request: DenoiseRequest): Start {
  const { prompt, messages, template, temperature, top_p: topP, seed = randomSeed(), provisional } = request;
  const options = { ...decodingOptions(request), temperature, topP, seed, provisional };
  if (template === undefined) {
    const { start } = engine.prepare({ ...options, ...(messages === undefined ? { prompt } : { messages }) });
    return (signal) => generationEvents(start(signal));
  }
  let tell: Parameters<Parameters<typeof infillEvents>[1]>[0];
  const { layout, start } = engine.prepareInfill({ ...options, template, prompt, length: "fixed", onStep: (step) => tell(step) });
  return (signal) =>
    infillEvents(layout, (onStep) => {
      tell = onStep;
      return start(signal);
    });
}

interface Turn {
  ending: RequestSignal;
  turn: Promise<() => void>;
  start: Start;
}

/** A comment at once, the place in the queue while it waits, then the events. Turn and request end with the stream. */
async function* streamOf({ queue, report }: Served, { ending: { signal, end }, turn, start }: Turn): AsyncGenerator<string> {
  let id = 0;
  let release = (): void => {};
  try {
    yield PING;
    const isMine = turn.then(() => true);
    let told: number | undefined;
    while (!(await Promise.race([isMine, later(told === undefined ? 0 : LOOK_MS)]))) {
      const { waiting: ahead } = queue;
      if (ahead !== told) yield message({ ahead }, { event: "queued", id: id++ });
      told = ahead;
    }
    release = await turn;
    yield* denoiseMessages(start(signal), { firstId: id, report });
  } catch (error) {
    yield message(report(error).body, { event: "error", id });
  } finally {
    release();
    end();
  }
}

function later(milliseconds: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), milliseconds));
}
