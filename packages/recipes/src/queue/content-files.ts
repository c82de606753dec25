// Files by the SHA-256 of their content, from the trainer to the workers: in a shared folder, or over HTTP with ranges.
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { copyFileSync, createReadStream, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UnavailableError } from "@diffucoder/core";
import type { RunCard } from "./messages.ts";

/** Files that workers may fetch. */
export interface ContentFiles {
  /** Where they are, for the run's card. */
  where: RunCard["weights"];
  /** Lets a file be fetched. @returns its SHA-256 */
  add(path: string): Promise<string>;
  /** Ends that; in a shared folder, removes the copy. */
  remove(sha256: string): void;
  /** Stops serving. */
  close(): void;
}

/** SHA-256 of a file, hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Files in a folder that all machines see. */
export function sharedFiles(folder: string): ContentFiles {
  mkdirSync(folder, { recursive: true });
  const added = new Set<string>();
  const remove = (sha256: string): void => rmSync(join(folder, sha256), { force: true });
  return {
    where: { folder },
    add: async (path) => {
      const sha256 = await sha256Of(path);
      const to = join(folder, sha256);
      if (statSync(to, { throwIfNoEntry: false }) === undefined) copyWhole(path, to);
      added.add(sha256);
      return sha256;
    },
    remove,
    close: () => added.forEach(remove),
  };
}

/** A copy that appears whole or not at all. */
function copyWhole(from: string, to: string): void {
  const unfinished = `${to}.tmp-${process.pid}`;
  copyFileSync(from, unfinished);
  renameSync(unfinished, to);
}

/**
 * Files over HTTP, for those who know the run's token.
 *
 * @param address HOST:PORT to listen on, as workers reach it; port 0 takes a free one
 * @throws {UnavailableError} if it cannot listen there
 */
export async function servedFiles(address: string): Promise<ContentFiles> {
  const files = new Map<string, string>();
  const token = randomUUID();
  const [host, port] = hostAndPort(address);
  const server = createServer((request, response) => {
    const path = files.get((request.url ?? "").replace(/^\//, ""));
    const isAllowed = sameText(request.headers.authorization ?? "", `Bearer ${token}`);
    if (!isAllowed || path === undefined || request.method !== "GET") response.writeHead(isAllowed ? 404 : 401).end();
    else void sendFile(response, path, request.headers.range);
  });
  await listen(server, { host, port, address });
  const bound = server.address() as { port: number };
  return {
    where: { url: `http://${host}:${bound.port}`, token },
    add: async (path) => {
      const sha256 = await sha256Of(path);
      files.set(sha256, path);
      return sha256;
    },
    remove: (sha256) => void files.delete(sha256),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function hostAndPort(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(":");
  return [address.slice(0, at), Number(address.slice(at + 1))];
}

function listen(server: Server, { host, port, address }: { host: string; port: number; address: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", ({ message }) =>
      reject(
        new UnavailableError({
          what: `${address}, from which workers fetch weights,`,
          problem: message,
          wayOut: "Give an address of this machine with --weights-address HOST:PORT; port 0 takes a free one.",
        }),
      ),
    );
    server.listen(port, host, resolve);
    server.unref();
  });
}

/** Compares without telling by the time it takes how much is right. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(left!, right!);
}

async function sendFile(response: ServerResponse, path: string, range: string | undefined): Promise<void> {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return void response.writeHead(404).end();
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (start > 0 && start >= size) return void response.writeHead(416, { "content-range": `bytes */${size}` }).end();
  response.writeHead(start > 0 ? 206 : 200, {
    "content-length": size - start,
    ...(start > 0 && { "content-range": `bytes ${start}-${size - 1}/${size}` }),
  });
  await pipeline(createReadStream(path, { start }), response).catch(() => {}); // the worker went away
}
