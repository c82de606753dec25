import { describe, expect, it, vi } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { messagesOf, serve } from "./served.fixture.ts";

/** Generous, for a machine that is busy with other things. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe("load", () => {
  it("runs one generation at a time, lets some wait and refuses the rest", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const { post, url } = await serve(engine, { maxRows: 1, maxWaiting: 1 });
    const first = post("/v1/completions", { prompt: "1" });
    await eventually(() => expect(engine.active).toBe(1));
    const second = post("/v1/completions", { prompt: "2" });
    await eventually(async () =>
      expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok", model: "tiny", running: 1, waiting: 1 }),
    );
    const third = await post("/v1/completions", { prompt: "3" });
    expect([third.status, third.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await third.json()).toEqual({
      error: { message: "Too many requests are waiting. Try again in 1 second.", type: "rate_limit_error", param: null, code: "queue_full" },
    });
    expect(engine.active).toBe(1);
    engine.resume();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(engine.calls.map((call) => call.prompt)).toEqual(["1", "2"]);
  });

  it.each([
    ["whole", false],
    ["streamed", true],
  ])("stops a %s generation whose client leaves", async (_, stream) => {
    const engine = createFakeEngine({ holdAt: 3 });
    const { post, url } = await serve(engine);
    const client = new AbortController();
    const answer = post("/v1/completions", { prompt: "p", stream }, { signal: client.signal }).then((response) => response.text());
    await eventually(() => expect(engine.active).toBe(1));
    client.abort();
    await expect(answer).rejects.toThrow("This operation was aborted");
    await eventually(async () => expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ running: 0 }));
    expect(engine.active).toBe(0);
  });

  it("does not call it a failure when a client that waits leaves, or when the server stops", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const stop = new AbortController();
    const { post, url, failures } = await serve(engine, { maxRows: 1, cut: stop.signal });
    const waiting = async (count: number) =>
      eventually(async () => expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ running: 1, waiting: count }));
    const running = post("/v1/completions", { prompt: "1" });
    await eventually(() => expect(engine.active).toBe(1));
    const client = new AbortController();
    const leaving = post("/v1/completions", { prompt: "2" }, { signal: client.signal });
    await waiting(1);
    client.abort();
    await expect(leaving).rejects.toThrow("This operation was aborted");
    await waiting(0);
    const kept = post("/v1/completions", { prompt: "3" });
    await waiting(1);
    stop.abort();
    for (const response of await Promise.all([running, kept])) {
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { message: "The generation was stopped.", code: "aborted" } });
    }
    expect(failures).toEqual([]);
  });

  it("does not let a client that reads nothing hold up the others", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const unread = await post("/v1/denoise", { prompt: "p" });
    expect((await post("/v1/completions", { prompt: "p" })).status).toBe(200);
    await unread.body?.cancel();
  });

  it("stops what takes too long", async () => {
    const { post, failures } = await serve(createFakeEngine({ holdAt: 3 }), { timeLimitMs: 50 });
    const response = await post("/v1/completions", { prompt: "p" });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { message: "The generation took too long and was stopped.", code: "timeout" } });
    const streamed = await messagesOf(await post("/v1/completions", { prompt: "p", stream: true }));
    expect(streamed.at(-1)?.data).toMatchObject({ error: { code: "timeout" } });
    expect(failures).toEqual([]);
  });

  it("says nothing of the inside when it fails", async () => {
    const engine = {
      ...createFakeEngine(),
      prepare: () => {
        throw new Error("secret path /home/me");
      },
    };
    const { post, failures } = await serve(engine);
    const response = await post("/v1/completions", { prompt: "p" });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { message: "The server failed; its log says why.", type: "server_error", param: null, code: "internal_error" },
    });
    expect(failures).toHaveLength(1);
    expect((await post("/v1/completions", { prompt: "p" })).status).toBe(500); // and goes on answering
  });
});
