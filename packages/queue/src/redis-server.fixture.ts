// A real Redis on a free port, in a temporary folder.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const isInstalled = (command: string): boolean => (process.env["PATH"] ?? "").split(delimiter).some((dir) => existsSync(join(dir, command)));

export const hasRedis = isInstalled("redis-server");

/** What is missing for a Redis with TLS, as an end of a test's name. */
export const missingForTls = ((): string => {
  if (!hasRedis || !isInstalled("openssl")) return " (SKIPPED: there is no redis-server or no openssl)";
  // With nowhere to listen it ends at once; without TLS it does not even know the option.
  const { stdout } = spawnSync("redis-server", ["--port", "0", "--tls-port", "0"], { encoding: "utf8", timeout: 10_000 });
  return stdout.includes("not listen anywhere") ? "" : " (SKIPPED: this redis-server has no TLS)";
})();

/** A certificate for 127.0.0.1 that it signed itself. */
export function selfSigned(folder: string): { key: string; certificate: string } {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1";
  const made = spawnSync("openssl", ["req", ...kind.split(" "), "-keyout", key, "-out", certificate]);
  if (made.status !== 0) throw new Error(made.stderr.toString());
  return { key, certificate };
}

export interface TestRedis {
  url: string;
  /** Kills it, as `kill -9` does. */
  kill: () => Promise<void>;
  /** Starts it on the same port, empty. */
  start: () => Promise<void>;
  /** Stops it as it stands, or lets it go on. */
  signal: (name: "SIGSTOP" | "SIGCONT") => void;
  /** Has it do a command, such as `CONFIG SET maxmemory 0`. @returns its answer */
  command: (text: string) => Promise<string>;
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
  const signal = (name: NodeJS.Signals): void => void child?.kill(name);
  return { url: `redis://127.0.0.1:${port}`, start, kill, signal, command: (text) => answerTo(port, text), end };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function answerTo(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(`${command}\r\n`));
    socket.once("error", reject).once("data", (data) => {
      socket.destroy();
      resolve(data.toString().trim());
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
