import { Hono } from "hono";
import { expect, it, onTestFinished } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";
import { listen } from "./server.ts";

it("says which port is in use and what to do", async () => {
  const app = new Hono();
  const first = await listen({ app, host: "127.0.0.1", port: 0 });
  onTestFinished(() => first.close());
  const port = Number(new URL(first.url).port);
  await expect(listen({ app, host: "127.0.0.1", port })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: `127.0.0.1:${port} is not available: the port is in use. Choose another one with --port, or --port 0 for any free one.`,
  });
});

it("ends running generations when it is asked to stop", async () => {
  const stop = new AbortController();
  const engine = createFakeEngine({ holdAt: 3 });
  const { post } = await serve(engine, { cut: stop.signal });
  const response = await post("/v1/completions", { prompt: "p", stream: true });
  stop.abort();
  expect(await response.text()).toContain('"code":"aborted"');
  expect(engine.active).toBe(0);
});
