import { describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { rawGet, serve } from "./served.fixture.ts";

describe("foreign sites", () => {
  it("refuses a foreign Host and a foreign Origin", async () => {
    const { url } = await serve(createFakeEngine());
    const own = new URL(url).host;
    expect(await rawGet(`${url}/v1/models`, { host: "evil.example" })).toMatchObject({
      status: 403,
      body: expect.stringContaining("host_not_allowed"),
    });
    expect(await rawGet(`${url}/v1/models`, { host: own, origin: "http://evil.example" })).toMatchObject({
      status: 403,
      body: expect.stringContaining("origin_not_allowed"),
    });
    expect(await rawGet(`${url}/v1/models`, { host: own, origin: "null" })).toMatchObject({ status: 403 });
    expect(await rawGet(`${url}/v1/models`, { host: own, origin: "http://localhost:1" })).toMatchObject({ status: 403 });
  });

  it("accepts its own and the allowed names", async () => {
    const { url } = await serve(createFakeEngine(), { allowedHosts: ["coder.lan"] });
    for (const host of [new URL(url).host, "localhost:8000", "[::1]:8000", "coder.lan:80"]) {
      expect(await rawGet(`${url}/v1/models`, { host })).toMatchObject({ status: 200 });
    }
    expect(await rawGet(`${url}/v1/models`, { host: "localhost:8000", origin: "http://localhost:8000" })).toMatchObject({ status: 200 });
  });
});
