// Bodies that clients send and that servers of this kind were seen to refuse.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

const file = fileURLToPath(new URL("../../../../shared/cases/server-bodies.jsonl", import.meta.url));
const bodies = existsSync(file)
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { why: string; path: string; body: object })
  : [];

it.runIf(bodies.length > 0)(`are all answered${bodies.length > 0 ? "" : " (SKIPPED: ../shared/cases/server-bodies.jsonl is absent)"}`, async () => {
  const { post } = await serve(createFakeEngine());
  const statuses = await Promise.all(bodies.map(async ({ why, path, body }) => [why, (await post(path, body)).status]));
  expect(statuses).toEqual(bodies.map(({ why }) => [why, 200]));
});
