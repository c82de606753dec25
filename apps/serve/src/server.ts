import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { UnavailableError } from "@diffucoder/core";
import { getRequestListener, RequestError } from "@hono/node-server";
import { ApiError, toApiError } from "./api-error.ts";

type FetchCallback = Parameters<typeof getRequestListener>[0];

/** A listening server. */
export interface RunningServer {
  /** `http://HOST:PORT`, with the actual port. */
  url: string;
  /**
   * Stops listening, and resolves when every connection has ended; those still busy after `graceMs` are cut.
   *
   * @param graceMs milliseconds @default 3000
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

export interface ListenOptions {
  app: { fetch: FetchCallback };
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** How long a client may take to send a request's headers, milliseconds. @default 30000 */
  headersTimeoutMs?: number | undefined;
  /** How long it may take to send a whole request, milliseconds. @default 60000 */
  bodyTimeoutMs?: number | undefined;
  /** How long a connection stays open after an answer; proxies keep theirs for a minute, milliseconds. @default 75000 */
  idleTimeoutMs?: number | undefined;
}

/**
 * Listens.
 *
 * @throws {UnavailableError} if the port is taken or the address is not this machine's
 */
export async function listen(options: ListenOptions): Promise<RunningServer> {
  const { app, host, port, headersTimeoutMs = 30_000, bodyTimeoutMs = 60_000, idleTimeoutMs = 75_000 } = options;
  const listener = getRequestListener(app.fetch, { errorHandler: (error) => errorResponse(error) });
  const limits = {
    headersTimeout: Math.min(headersTimeoutMs, bodyTimeoutMs),
    requestTimeout: bodyTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, bodyTimeoutMs),
  };
  // A request without a Host gets the answer of one with a bad Host.
  const server = createServer({ requireHostHeader: false, ...limits }, (request, response) => void listener(request, response));
  server.on("clientError", answerNoHttp);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError({ cause, host, port })));
    server.listen({ host, port }, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`, close: ({ graceMs = 3000 } = {}) => close(server, graceMs) };
}

/** For a request with an address or a Host header that is no URL, which therefore reaches no route. */
function errorResponse(error: unknown): Response {
  const isBadAddress = error instanceof RequestError;
  const { body, status } = isBadAddress ? badRequest("The request's path or Host header is not valid.") : toApiError(error);
  return Response.json(body, { status });
}

/** For what is no HTTP, or more than Node reads of it. */
function answerNoHttp({ code }: NodeJS.ErrnoException, socket: Duplex): void {
  // A browser opens connections before it needs them: one that never sent anything is not told, lest it take that for an answer.
  const isUnused = code === "ERR_HTTP_REQUEST_TIMEOUT" && (socket as Socket).bytesRead === 0;
  if (!socket.writable || code === "ECONNRESET" || isUnused) return void socket.destroy();
  const [status, message] =
    code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "The request's headers are too large."]
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "The request took too long to arrive."]
        : ["400 Bad Request", "The request is not valid HTTP."];
  const body = JSON.stringify(badRequest(message).body);
  const head = [`HTTP/1.1 ${status}`, "Connection: close", "Content-Type: application/json", `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function badRequest(message: string): ApiError {
  return new ApiError({ status: 400, message, code: "bad_request" });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function listenError({ cause, host, port }: { cause: NodeJS.ErrnoException; host: string; port: number }): Error {
  const what = `${host}:${port}`;
  switch (cause.code) {
    case "EADDRINUSE":
      return new UnavailableError({
        what,
        problem: "the port is in use",
        wayOut: "Choose another one with --port, or --port 0 for any free one.",
        cause,
      });
    case "EACCES":
      return new UnavailableError({ what, problem: "this user may not listen on the port", wayOut: "Choose one above 1023 with --port.", cause });
    case "ENOTFOUND":
      return new UnavailableError({ what, problem: "there is no such host", wayOut: "Choose another address with --host.", cause });
    case "EADDRNOTAVAIL":
      return new UnavailableError({ what, problem: "it is not an address of this machine", wayOut: "Choose another address with --host.", cause });
    default:
      return new UnavailableError({ what, problem: cause.message, wayOut: "Choose another address with --host.", cause });
  }
}
