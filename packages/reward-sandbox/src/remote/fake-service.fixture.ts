// Servers on this machine that speak Piston's and E2B's protocols and really run their input, with this machine's Python.
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a service answers instead of doing its work: a status, a truncated answer, or nothing at all. */
export type Trouble = { status: number; message?: string; retryAfter?: number } | "cut" | "silent" | "hang-up";

export interface FakeService {
  url: string;
  /** `"POST /api/v2/execute"`, in order. */
  requests: string[];
  headers: IncomingMessage["headers"][];
  bodies: string[];
  /** Troubles for the next run requests; after them it works. */
  troubles: Trouble[];
  /** The most runs at the same time. */
  mostAtOnce: number;
  close(): Promise<void>;
}

interface Reply {
  text: string;
  /** Seconds in which it is sent. */
  isRun?: boolean;
}

type Handler = (of: { path: string; body: Record<string, unknown>; service: FakeService }) => Promise<Reply>;

/** Runs Python. */
function python(args: string[], stdin: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn("/usr/bin/python3", args, { stdio: ["pipe", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.on("close", () => resolve(out));
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
  });
}

async function serve(isRun: (path: string) => boolean, handle: Handler): Promise<FakeService> {
  let running = 0;
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = `${message.method} ${message.url}`;
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    service.requests.push(path);
    service.headers.push(message.headers);
    service.bodies.push(text);
    const trouble = isRun(path) ? service.troubles.shift() : undefined;
    if (trouble === "silent") return;
    if (trouble === "hang-up") return void message.socket.destroy();
    if (typeof trouble === "object") {
      const headers = trouble.retryAfter === undefined ? {} : { "retry-after": String(trouble.retryAfter) };
      response.writeHead(trouble.status, headers).end(JSON.stringify({ message: trouble.message ?? "no" }));
      return;
    }
    if (isRun(path)) service.mostAtOnce = Math.max(service.mostAtOnce, ++running);
    const reply = await handle({ path, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>), service });
    if (isRun(path)) running--;
    response.end(trouble === "cut" ? reply.text.slice(0, -9) : reply.text);
  };
  const server = createServer((message, response) => void answer(message, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const service: FakeService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    headers: [],
    bodies: [],
    troubles: [],
    mostAtOnce: 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return service;
}

/** @param change what becomes of a run's result, such as a limit of Piston's */
export function fakePiston(change: (run: { stdout: string }) => object = (run) => run): Promise<FakeService> {
  return serve(
    (path) => path === "POST /api/v2/execute",
    async ({ path, body }) => {
      if (path === "GET /api/v2/runtimes") {
        const versions = [
          ["bash", "5.2.0"],
          ["python", "2.7.18"],
          ["python", "3.9.4"],
          ["python", "3.12.0"],
        ];
        return { text: JSON.stringify(versions.map(([language, version]) => ({ language, version, aliases: [] }))) };
      }
      const [file] = body.files as { content: string }[];
      const stdout = await python(["-c", file?.content ?? ""], body.stdin as string);
      return { text: JSON.stringify({ language: "python", version: body.version, run: change({ stdout }) }) };
    },
  );
}

/** Cells see what the first cell of their machine defined; a killed interpreter says nothing. */
export function fakeE2b(): Promise<FakeService> {
  const machines = new Map<string, string>();
  const notebook = "class Notebook:\n    class history_manager:\n        enabled = True\nget_ipython = lambda: Notebook\n";
  return serve(
    (path) => path === "POST /execute",
    async ({ path, body, service }) => {
      if (path === "POST /v2/sandboxes") {
        const sandboxID = `machine${machines.size}`;
        machines.set(sandboxID, notebook);
        return { text: JSON.stringify({ sandboxID, domain: null, envdVersion: "0.4.0", envdAccessToken: `token-of-${sandboxID}` }) };
      }
      if (path !== "POST /execute") return { text: "" };
      const id = service.headers.at(-1)?.["e2b-sandbox-id"] as string;
      const code = body.code as string;
      const before = machines.get(id) ?? "";
      const isFirst = before === notebook;
      const program = isFirst ? `${before}${code}` : `${before.replace(/run_job\(""\)\n/, "")}${code}`;
      if (isFirst) machines.set(id, program);
      const stdout = await python(["-c", program], "");
      const half = Math.floor(stdout.length / 2);
      const messages = [
        { type: "number_of_executions", execution_count: 1 },
        ...[stdout.slice(0, half), stdout.slice(half)].map((text) => ({ type: "stdout", text })),
      ];
      return { text: messages.map((message) => `${JSON.stringify(message)}\n`).join("") };
    },
  );
}
