import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:http";
import { UnavailableError } from "@diffucoder/core";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

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

/**
 * Listens.
 *
 * @param port 0 takes any free one
 * @throws {UnavailableError} if the port is taken or the address is not this machine's
 */
export async function listen({ app, host, port }: { app: Hono; host: string; port: number }): Promise<RunningServer> {
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError({ cause, host, port })));
    server.listen({ host, port }, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`, close: ({ graceMs = 3000 } = {}) => close(server, graceMs) };
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
    default:
      return new UnavailableError({ what, problem: cause.message, wayOut: "Choose another address with --host.", cause });
  }
}
