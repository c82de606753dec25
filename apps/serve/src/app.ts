import { nearestName } from "@diffucoder/core";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import type { ApiKey } from "./api-keys.ts";
import { ApiError, type FieldNames, toApiError } from "./api-error.ts";
import type { Admission } from "./admission.ts";
import { identifyClient, type IsProxy } from "./client.ts";
import { refuseWhileDraining } from "./drain.ts";
import type { Engine } from "./engine.ts";
import { LOOPBACK_HOSTS, refuseForeignSites } from "./guard.ts";
import type { Identity } from "./identity.ts";
import type { Metrics } from "./metrics.ts";
import type { Page } from "./page.ts";
import { logRequests, noteFacts, type WriteLog } from "./request-log.ts";
import { addCompletions } from "./routes/completions.ts";
import { addDenoise } from "./routes/denoise.ts";
import { addInformation } from "./routes/information.ts";
import { addLabels } from "./routes/labels.ts";
import { addPlayground } from "./routes/playground.ts";
import { addResponses, RESPONSES } from "./routes/responses.ts";
import { RESPONSES_FIELDS } from "./responses-request.ts";
import type { TestRuns } from "./test-runs.ts";
import { endingOf } from "./turn.ts";

export interface AppOptions {
  engine: Engine;
  /** What clients call the model. */
  modelId: string;
  /** What answers depend on besides requests, as far as it is known by now. */
  identity: () => Identity;
  page: Page;
  /** Unix time, seconds. */
  now: () => number;
  /** A seed for a request that names none; a whole number below 2^48. */
  randomSeed: () => number;
  /** Receives internal errors; clients learn only that something failed. */
  onError: (error: unknown) => void;
  /** A line for each request. @default none */
  log?: WriteLog | undefined;
  /** Whether the lines have what was asked. @default false */
  logPrompts?: boolean | undefined;
  metrics: Metrics;
  /** Who may ask; with keys, any Host header is answered. @default everybody */
  apiKeys?: readonly ApiKey[] | undefined;
  /** Host names that the server answers to, besides the loopback ones. @default none */
  allowedHosts?: readonly string[];
  /** Web sites whose pages may ask, as browsers write an Origin. @default none but our own */
  corsOrigins?: readonly string[] | undefined;
  /** Whether an address is that of a proxy, whose `X-Forwarded-For` says who asks. @default none is */
  isProxy?: IsProxy | undefined;
  /** Who is decoded next. */
  admission: Admission;
  /** Wall-clock limit of a request, waiting included, milliseconds. @default 120000 */
  timeLimitMs?: number | undefined;
  /** Runs tests for the playground. @default they are off */
  tests?: TestRuns | undefined;
  /** Largest request body, bytes. @default 262144 */
  maxBodyBytes?: number | undefined;
  /** Answers are cut after so many tokens. @default by the request alone */
  maxTokens?: number | undefined;
  /** The server takes no more requests once it fires, and finishes those it has. */
  drain?: AbortSignal | undefined;
  /** Ends every generation when it fires. */
  cut?: AbortSignal | undefined;
}

const POSTED = ["/v1/completions", "/v1/chat/completions", "/v1/responses", "/tokenize", "/v1/denoise", "/v1/labels", "/v1/playground/tests"];
const GOTTEN = ["/", "/health", "/ready", "/metrics", "/v1/playground", "/v1/models", "/v1/models/:id"];

/** What the routes share: the options with their defaults. */
export interface Served extends AppOptions {
  /** The response for a thrown error; the server's own failures are also reported. */
  report: (error: unknown, own?: FieldNames) => ApiError;
  timeLimitMs: number;
}

/** What a request brings along. */
export type Env = { Bindings: HttpBindings };

/** The HTTP interface: OpenAI's two completion endpoints, our own for the playground, and the playground. */
export function createApp(options: AppOptions): Hono<Env> {
  const { onError, timeLimitMs = 120_000 } = options;
  const report = (error: unknown, own?: FieldNames): ApiError => {
    const answer = toApiError(error, own);
    if (answer.status === 500) onError(error);
    return answer;
  };
  const served: Served = { ...options, report, timeLimitMs };
  const app = new Hono<Env>();
  addGuards(app, served);
  addInformation(app, served);
  addCompletions(app, served);
  addResponses(app, served);
  addDenoise(app, served, (c) => endingOf(served, c));
  addLabels(app, served);
  addPlayground(app, served);
  addWrongMethods(app);
  return app;
}

/** Errors in OpenAI's form, the log, and requests that are refused before a route sees them. */
function addGuards(app: Hono<Env>, served: Served): void {
  const { report, drain, metrics, log = () => {}, logPrompts = false, apiKeys = [], corsOrigins = [], maxBodyBytes = 262_144 } = served;
  app.onError((error, c) => {
    const answer = report(error, c.req.path === RESPONSES ? RESPONSES_FIELDS : undefined);
    if (answer.retryAfterSeconds !== undefined) c.header("retry-after", String(answer.retryAfterSeconds));
    if (answer.status === 401) c.header("www-authenticate", "Bearer");
    if (answer.status === 405) c.header("allow", POSTED.includes(c.req.path) ? "POST" : "GET, HEAD");
    noteFacts(c, { error: answer.code });
    return c.json(answer.body, answer.status);
  });
  app.notFound((c) => c.json(notFound(c.req.method, c.req.path).body, 404));
  app.use(logRequests({ log, logPrompts, onAnswered: (request) => metrics.answered(request) }));
  const allowedHosts = apiKeys.length > 0 ? undefined : [...LOOPBACK_HOSTS, ...(served.allowedHosts ?? [])];
  app.use(refuseForeignSites({ allowedHosts, allowedOrigins: corsOrigins }));
  if (corsOrigins.length > 0) app.use(cors({ origin: [...corsOrigins], exposeHeaders: ["x-request-id", "retry-after"], maxAge: 600 }));
  app.use(identifyClient({ keys: apiKeys, isProxy: served.isProxy ?? (() => false) }));
  for (const path of POSTED) app.use(path, refuseWhileDraining(drain));
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new ApiError({ status: 413, message: `The request body is larger than ${maxBodyBytes} bytes.`, code: "body_too_large" });
      },
    }),
  );
}

/** 405 for other methods; added last, since the first route that matches answers. */
function addWrongMethods(app: Hono<Env>): void {
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
