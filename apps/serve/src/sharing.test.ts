// What requests have of each other, over HTTP: nothing in their answers, and the work that they can share.
import { fileURLToPath } from "node:url";
import { loadDiffuCoder } from "diffucoder";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { serveUntilClosed } from "./served.fixture.ts";

/** A block-causal model with random weights. */
const dir = fileURLToPath(new URL("../../../packages/model/fixtures/sdar/checkpoint", import.meta.url));

describe("requests beside others", async () => {
  const coder = await loadDiffuCoder(dir);
  const { post, url, failures, close } = await serveUntilClosed(coder, { maxWaiting: 64 });
  afterAll(async () => {
    await close();
    await coder.close();
  });
  const figure = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${url}/metrics`)).text())![1]);

  /** One of its texts is all that a client sees of an answer. */
  const textOf = async (body: object): Promise<string> => {
    const response = await post("/v1/completions", body);
    const answer = (await response.json()) as { choices?: { text: string; finish_reason: string }[] };
    expect([response.status, answer]).toEqual([200, expect.anything()]);
    return JSON.stringify(answer.choices!.map(({ text, finish_reason: reason }) => [text, reason]));
  };
  const request = fc.record({
    prompt: fc.string({ unit: fc.constantFrom("def ", "f(", "xs", "):\n", "return ", "é"), minLength: 1, maxLength: 8 }),
    max_tokens: fc.integer({ min: 1, max: 12 }),
    temperature: fc.constantFrom(0, 1, 1.5),
    top_p: fc.constantFrom(1, 0.9),
    seed: fc.integer({ min: 0, max: 1000 }),
    n: fc.constantFrom(1, 1, 2),
  });

  it("get what they get alone, whoever else is there and whoever leaves", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 3, maxLength: 4 }), async (requests) => {
        const alone: string[] = [];
        for (const one of requests) alone.push(await textOf(one));
        const client = new AbortController();
        const leaving = post("/v1/completions", { ...requests[0], seed: 5 }, { signal: client.signal }).catch(() => {});
        const together = requests.map(textOf);
        client.abort();
        expect(await Promise.all(together)).toEqual(alone);
        await leaving;
      }),
      { seed: 16, numRuns: 2 },
    );
    expect(failures).toEqual([]);
  });

  it("need not compute again what an earlier one began with", async () => {
    const prompt = "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n";
    await textOf({ prompt, max_tokens: 4 });
    const before = await figure("diffucoder_prefix_cache_reused_tokens_total");
    await textOf({ prompt: `${prompt}    `, max_tokens: 4 });
    expect((await figure("diffucoder_prefix_cache_reused_tokens_total")) - before).toBeGreaterThan(16);
  });

  it("give their rows back once their client has left", async () => {
    const client = new AbortController();
    const response = await post("/v1/completions", { prompt: "x", stream: true }, { signal: client.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    while (!(await reader.read()).value!.includes("data: ")) continue;
    client.abort();
    await reader.read().catch(() => {});
    await expect.poll(() => figure("diffucoder_engine_rows_running"), { timeout: 20_000, interval: 1 }).toBe(0);
    const passes = await figure("diffucoder_forward_passes_total");
    await expect.poll(() => figure("diffucoder_requests_running"), { timeout: 20_000 }).toBe(0);
    expect((await figure("diffucoder_forward_passes_total")) - passes).toBe(0);
    expect(await figure("diffucoder_rows_failed_total")).toBeGreaterThan(0);
  });
});
