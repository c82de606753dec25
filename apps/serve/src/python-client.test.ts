// OpenAI's client for Python against a listening server.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { expect, it, onTestFinished } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";
import { listen } from "./server.ts";

const script = fileURLToPath(new URL("python-client.fixture.py", import.meta.url));
/** Where `pip install openai` was run. */
const python = process.env["OPENAI_PYTHON"] ?? "python3";
const hasClient = spawnSync(python, ["-c", "import openai"]).status === 0;

const printedBy = (args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(python, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [printed, problem] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
    child.on("close", (code) => (code === 0 ? resolve(printed) : reject(new Error(problem))));
  });

/** A server that has no time for the first two requests, as one behind a proxy may. */
async function refusingTwice(url: string): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const app = new Hono();
  app.post("/v1/chat/completions", async (c) => {
    asked++;
    if (asked <= 2) return c.json({ error: { message: "Later.", type: "server_error", param: null, code: null } }, 503, { "retry-after": "0" });
    return fetch(url + c.req.path, { method: "POST", headers: { "content-type": "application/json" }, body: await c.req.text() });
  });
  const server = await listen({ app, host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { url: server.url, asked: () => asked };
}

const title = hasClient ? "" : " (SKIPPED: python3 has no openai; OPENAI_PYTHON can name one that has)";
it.runIf(hasClient)(
  `a conversation, streams, leaving, retries and errors by the openai client for Python${title}`,
  async () => {
    const engine = createFakeEngine();
    const { url, failures } = await serve(engine);
    const refusing = await refusingTwice(url);
    const got = JSON.parse(await printedBy([url, refusing.url])) as Record<string, unknown>;
    const text = "def f(xs):\n    return sum(xs)\n";
    const [total] = got["usage"] as [number, number];
    expect(got).toEqual({
      first: text,
      second: text,
      streamed: text,
      usage: [total, total],
      "before leaving": "chat.completion.chunk",
      responses: text,
      "after retries": text,
      refused: "presence_penalty",
    });
    expect(refusing.asked()).toBe(3);
    const messages = ["a", "b", "c"].map((content, i) => ({ role: i === 1 ? "assistant" : "user", content }));
    expect(engine.calls[1]).toMatchObject({ messages, seed: 3 });
    await expect.poll(() => engine.active, { timeout: 20_000 }).toBe(0);
    expect(failures).toEqual([]);
  },
  180_000,
);
