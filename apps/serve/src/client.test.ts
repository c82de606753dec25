import { expect, it } from "vitest";
import { proxiesOf } from "./client.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

it.each([
  ["no proxy is trusted", [], "203.0.113.9", "127.0.0.1"],
  ["a trusted proxy says it", ["loopback"], "203.0.113.9", "203.0.113.9"],
  ["a client has written a way of its own", ["127.0.0.1"], "198.51.100.1, 203.0.113.9", "203.0.113.9"],
  ["there are two trusted proxies", ["loopback", "10.0.0.2"], "203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"],
  ["the proxy asks for itself", ["loopback"], undefined, "127.0.0.1"],
  ["another proxy is trusted", ["10.0.0.2"], "203.0.113.9", "127.0.0.1"],
])("who asks, where %s", async (_, trusted, forwarded, client) => {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const { post } = await serve(createFakeEngine(), { isProxy: proxiesOf(trusted), log: (line) => void lines.push(line) });
  const headers = { "content-type": "application/json", ...(forwarded !== undefined && { "x-forwarded-for": forwarded }) };
  await (await post("/v1/completions", { prompt: "p" }, { headers })).text();
  await expect.poll(() => lines.map((line) => line["client"])).toEqual([client]);
});
