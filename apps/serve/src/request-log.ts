// One JSON line for each request, once its answer has been sent or its client has left.
import { randomUUID } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { Context, MiddlewareHandler } from "hono";
import { clientOf } from "./client.ts";

/** Writes a line of the log. */
export type WriteLog = (entry: Readonly<Record<string, unknown>>) => void;

/** What is told of an answered request. */
export interface AnsweredRequest {
  method: string;
  /** Path of the route, such as `/v1/models/:id`; `undefined` if there is none. */
  route: string;
  status: number;
  seconds: number;
}

export interface LogOptions {
  log: WriteLog;
  /** Called for each, as the log is. */
  onAnswered: (request: AnsweredRequest) => void;
  /** Whether the log has what was asked. */
  logPrompts: boolean;
}

/** Probes and Prometheus ask every few seconds: only what goes wrong is worth a line. */
const ASKED_OFTEN = ["/health", "/ready", "/metrics"];

const REQUEST_ID = "x-request-id";
const FACTS = "diffucoder-facts";

/** Adds facts to the line of a request. */
export function noteFacts(c: Context, facts: Readonly<Record<string, unknown>>): void {
  c.set(FACTS, { ...(c.get(FACTS) as object | undefined), ...facts });
}

/** Gives each request an id, or keeps the one that a proxy has given it, and logs how it ended. */
export function logRequests({ log, onAnswered, logPrompts }: LogOptions): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (typed, next) => {
    const c: Context = typed;
    const started = performance.now();
    const given = c.req.header(REQUEST_ID) ?? "";
    const id = /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    const { outgoing } = typed.env;
    outgoing.once("close", () => {
      const { method, path } = c.req;
      const [seconds, status] = [(performance.now() - started) / 1000, outgoing.statusCode];
      onAnswered({ method, route: routeOf(c), status, seconds });
      if (status === 200 && ASKED_OFTEN.includes(path)) return;
      const { prompt, ...facts } = (c.get(FACTS) as Record<string, unknown> | undefined) ?? {};
      const left = outgoing.writableFinished ? {} : { clientLeft: true };
      const asked = logPrompts && prompt !== undefined ? { prompt } : {};
      const { client } = clientOf(c);
      log({
        level: "info",
        message: "request",
        id,
        client,
        method,
        path: path.slice(0, 200),
        status,
        seconds: rounded(seconds),
        ...left,
        ...facts,
        ...asked,
      });
    });
    await next();
    c.header(REQUEST_ID, id);
  };
}

/** Paths that strangers make up would be as many series as there are paths. */
function routeOf(c: Context): string {
  const { routePath } = c.req;
  return routePath === "/*" || routePath === "*" ? "none" : routePath;
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(4));
}
