// What the README shows is what the server takes: each of its requests and each of its fields.
import { readFileSync } from "node:fs";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { afterAll, describe, expect, it } from "vitest";
import { serveUntilClosed } from "./served.fixture.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const curls = [...readme.matchAll(/curl http:\/\/127\.0\.0\.1:8000(\S+) -H '[^']*' -d '([^']*)'/g)].map(([, path, body]) => [path!, body!] as const);
const spans = [...readme.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
const fields = spans.filter((span) => /^"\w+": /.test(span));
const templates = spans.filter((span) => span.startsWith('["') && span.includes("masks"));
const bodies = spans.filter((span) => span.startsWith('{ "') && span.includes('": '));

describe("the README's requests", async () => {
  const coder = await loadDiffuCoder(bundledModelDir());
  const { post, close } = await serveUntilClosed(coder);
  afterAll(async () => {
    await close();
    await coder.close();
  });
  const expectAnswer = async (path: string, body: string): Promise<void> => {
    const response = await post(path, body);
    const answer = await response.text();
    expect([body, response.status, answer]).toEqual([body, 200, expect.not.stringContaining('"error":{')]);
  };

  it("are all found", () => {
    expect([curls.length, fields.length, templates.length, bodies.length]).toEqual([2, 5, 2, 1]);
  });

  it.each(curls)("%s of curl", (path, body) => expectAnswer(path, body));

  it.each(fields)("%s beside messages", (field) =>
    expectAnswer("/v1/chat/completions", `{ "messages": [{ "role": "user", "content": "Return xs." }], ${field} }`),
  );

  it.each(templates)("%s as a template", async (template) => {
    await expectAnswer("/v1/completions", `{ "template": ${template} }`);
    await expectAnswer("/v1/denoise", `{ "template": ${template} }`);
  });

  it("labels", () =>
    expectAnswer(
      "/v1/labels",
      bodies.find((body) => body.includes('"labels"'))!,
    ));
});
