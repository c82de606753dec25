import { randomUUID } from "node:crypto";
import { nearestName, show } from "@diffucoder/core";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ApiError, toApiError } from "./api-error.ts";
import { type CompletionEvent, completionJob, runCompletion } from "./completions.ts";
import type { Engine } from "./engine.ts";
import { eventStream, message } from "./event-stream.ts";
import { LOOPBACK_HOSTS, refuseForeignSites } from "./guard.ts";
import { type AnswerHead, chunkOf, type Endpoint, UsageCount, usageChunk, wholeAnswer } from "./openai-format.ts";
import type { Page } from "./page.ts";
import { type ChatCompletionRequest, ChatCompletionRequestSchema, type CompletionRequest, CompletionRequestSchema, parseBody } from "./requests.ts";
import { type RequestSignal, requestSignal } from "./request-signal.ts";
import { addDenoise } from "./routes/denoise.ts";
import { addPlayground } from "./routes/playground.ts";
import { RunQueue } from "./run-queue.ts";
import type { TestRuns } from "./test-runs.ts";

export interface AppOptions {
  engine: Engine;
  /** What clients call the model. */
  modelId: string;
  page: Page;
  /** Unix time, seconds. */
  now: () => number;
  /** A seed for a request that names none; a whole number below 2^48. */
  randomSeed: () => number;
  /** Receives internal errors; clients learn only that something failed. */
  onError: (error: unknown) => void;
  /** Host names that the server answers to, besides the loopback ones. @default none */
  allowedHosts?: readonly string[];
  /** Requests that run together, sharing the batches of the model. @default 16 */
  maxRunning?: number;
  /** Requests that may wait for them. @default 16 */
  maxWaiting?: number;
  /** Wall-clock limit of a request, waiting included, milliseconds. @default 120000 */
  timeLimitMs?: number;
  /** Runs tests for the playground. @default they are off */
  tests?: TestRuns;
  /** Largest request body, bytes. @default 65536 */
  maxBodyBytes?: number;
  /** Ends every generation when it fires, for shutdown. */
  signal?: AbortSignal;
}

const POSTED = ["/v1/completions", "/v1/chat/completions", "/v1/denoise", "/v1/playground/tests"];
const GOTTEN = ["/", "/healthz", "/v1/playground", "/v1/models", "/v1/models/:id"];

/** What the routes share: the options with their defaults, and the turns. */
export interface Served extends AppOptions {
  queue: RunQueue;
  /** The response for a thrown error; the server's own failures are also reported. */
  report: (error: unknown) => ApiError;
  timeLimitMs: number;
}

/** The HTTP interface: OpenAI's two completion endpoints, our own for the playground, and the playground. */
export function createApp(options: AppOptions): Hono {
  const { onError, maxRunning = 16, maxWaiting = 16, timeLimitMs = 120_000 } = options;
  const report = (error: unknown): ApiError => {
    const answer = toApiError(error);
    if (answer.status === 500) onError(error);
    return answer;
  };
  const served: Served = { ...options, queue: new RunQueue({ maxRunning, maxWaiting }), report, timeLimitMs };
  const app = new Hono();
  addGuards(app, served);
  addInformation(app, served);
  app.post("/v1/completions", async (c) => complete(served, c, "completion", await parseBody(CompletionRequestSchema, c.req.raw)));
  app.post("/v1/chat/completions", async (c) => complete(served, c, "chat", await parseBody(ChatCompletionRequestSchema, c.req.raw)));
  addDenoise(app, served, (c) => endingOf(served, c));
  addPlayground(app, served);
  addWrongMethods(app);
  return app;
}

/** Errors in OpenAI's form, and requests that are refused before a route sees them. */
function addGuards(app: Hono, { queue, report, allowedHosts = [], maxBodyBytes = 65_536 }: Served): void {
  app.onError((error, c) => {
    const answer = report(error);
    if (answer.status === 429) c.header("retry-after", String(queue.retryAfterSeconds));
    if (answer.status === 405) c.header("allow", POSTED.includes(c.req.path) ? "POST" : "GET, HEAD");
    return c.json(answer.body, answer.status);
  });
  app.notFound((c) => c.json(notFound(c.req.method, c.req.path).body, 404));
  app.use(refuseForeignSites([...LOOPBACK_HOSTS, ...allowedHosts]));
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new ApiError({ status: 413, message: `The request body is larger than ${maxBodyBytes} bytes.`, code: "body_too_large" });
      },
    }),
  );
}

/** Facts about the server and its one model. */
function addInformation(app: Hono, { engine, modelId, now, queue }: Served): void {
  const model = { id: modelId, object: "model", created: now(), owned_by: "diffucoder", diffusion: engine.generationConfig };
  app.get("/healthz", (c) => c.json({ status: "ok", model: modelId, running: queue.running, waiting: queue.waiting }));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [model] }));
  app.get("/v1/models/:id", (c) => {
    if (c.req.param("id") !== modelId) throw unknownModel(c.req.param("id"), modelId);
    return c.json(model);
  });
}

/** 405 for other methods; added last, since the first route that matches answers. */
function addWrongMethods(app: Hono): void {
  for (const path of [...GOTTEN, ...POSTED]) {
    app.all(path, (c) => {
      throw new ApiError({
        status: 405,
        message: `${c.req.path} takes ${POSTED.includes(c.req.path) ? "POST" : "GET"}, not ${c.req.method}.`,
        code: "method_not_allowed",
      });
    });
  }
}

function notFound(method: string, path: string): ApiError {
  const isShort = path.length <= 60;
  const near = isShort ? nearestName(path, [...GOTTEN, ...POSTED]) : undefined;
  const where = `${method} ${isShort ? path : `${path.slice(0, 57)}...`}`;
  return new ApiError({
    status: 404,
    message: `There is nothing at ${where}.${near === undefined ? "" : ` Did you mean ${near}?`}`,
    code: "not_found",
  });
}

function unknownModel(name: string, modelId: string): ApiError {
  return new ApiError({
    status: 404,
    message: `There is no model ${show(name)} here, only ${JSON.stringify(modelId)}.`,
    param: "model",
    code: "model_not_found",
  });
}

async function complete(served: Served, c: Context, endpoint: Endpoint, request: CompletionRequest | ChatCompletionRequest): Promise<Response> {
  const { engine, modelId, now, randomSeed, report } = served;
  if (request.model !== undefined && request.model !== modelId) throw unknownModel(request.model, modelId);
  const job = completionJob(request, { randomSeed: randomSeed() });
  const head: AnswerHead = { endpoint, id: `${endpoint === "chat" ? "chatcmpl" : "cmpl"}-${randomUUID()}`, created: now(), model: modelId };
  const ending = endingOf(served, c);
  const events = inTurn(served, ending, (signal) => runCompletion({ engine, job, signal }));
  if (!request.stream) {
    const all: CompletionEvent[] = [];
    for await (const event of events) all.push(event);
    return c.json(wholeAnswer(head, { events: all, seed: job.seed }));
  }
  const first = await events.next(); // errors in the request surface here, while a status can still be sent
  const includeUsage = request.stream_options?.include_usage === true;
  return eventStream(completionMessages({ head, first, events, includeUsage, report }), { onCancel: ending.cancel });
}

/** What ends a request: the client leaves, time is up, or the server stops. */
function endingOf({ timeLimitMs, signal: shutdown }: Served, c: Context): RequestSignal {
  return requestSignal({ request: c.req.raw, timeLimitMs, ...(shutdown && { shutdown }) });
}

/** Waits for its turn, then runs; turn and request end with the events, also if the reader stops early. */
async function* inTurn<E>({ queue }: Served, { signal, end }: RequestSignal, start: (signal: AbortSignal) => AsyncGenerator<E>): AsyncGenerator<E> {
  let release = (): void => {};
  try {
    release = await queue.acquire(signal);
    yield* start(signal);
  } finally {
    release();
    end();
  }
}

async function* completionMessages({
  head,
  first,
  events,
  includeUsage,
  report,
}: {
  head: AnswerHead;
  first: IteratorResult<CompletionEvent>;
  events: AsyncGenerator<CompletionEvent>;
  includeUsage: boolean;
  report: (error: unknown) => ApiError;
}): AsyncGenerator<string> {
  const count = new UsageCount();
  try {
    for (let result = first; result.done !== true; result = await events.next()) {
      count.add(result.value);
      const chunk = chunkOf(head, result.value);
      if (chunk !== undefined) yield message(chunk);
    }
    if (includeUsage) yield message(usageChunk(head, count.usage));
    yield message("[DONE]");
  } catch (error) {
    yield message(report(error).body);
  } finally {
    await events.return(undefined);
  }
}
