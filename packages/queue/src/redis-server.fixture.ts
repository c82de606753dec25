// A real Redis on a free port, in a temporary folder.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

export const hasRedis = (process.env["PATH"] ?? "").split(delimiter).some((dir) => existsSync(join(dir, "redis-server")));

export interface TestRedis {
  url: string;
  /** Kills it, as `kill -9` does. */
  kill: () => Promise<void>;
  /** Starts it on the same port, empty. */
  start: () => Promise<void>;
  /** Kills it and removes its folder. */
  end: () => Promise<void>;
}

export async function startRedis(...args: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), "queue-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no", ...args], {
      stdio: "ignore",
    });
    while (!(await answers(port))) await wait(20);
  };
  const kill = async (): Promise<void> => {
    const ended = child;
    child = undefined;
    if (ended === undefined) return;
    await new Promise((resolve) => {
      ended.once("exit", resolve);
      ended.kill("SIGKILL");
    });
  };
  await start();
  const end = async (): Promise<void> => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}`, start, kill, end };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const finish = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => finish(true)).once("error", () => finish(false));
  });
}
