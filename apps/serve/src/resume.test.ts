import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

let coder: DiffuCoder;
beforeAll(async () => {
  coder = await loadDiffuCoder(bundledModelDir());
});
afterAll(() => coder.close());

const asked = {
  messages: [{ role: "user", content: "Return the sum of the elements of xs." }],
  n: 2,
  temperature: 1,
  stream: true,
  stream_options: { include_usage: true },
};

/** Each message's id, and what of each choice it brings. */
async function read(response: Response): Promise<{ id: string; texts: string[]; finished: number; usage: object | undefined }[]> {
  const blocks = (await response.text()).trim().split("\n\n");
  return blocks.flatMap((block) => {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data === undefined || data === "[DONE]") return [];
    const { choices, usage } = JSON.parse(data) as {
      choices: { index: number; delta: { content?: string }; finish_reason: string | null }[];
      usage?: object;
    };
    const texts = ["", ""];
    for (const { index, delta } of choices) texts[index] += delta.content ?? "";
    return [
      { id: /^id: (.*)$/m.exec(block)?.[1] ?? "", texts, finished: choices.filter(({ finish_reason }) => finish_reason !== null).length, usage },
    ];
  });
}

const textsOf = (messages: Awaited<ReturnType<typeof read>>): string[] => [0, 1].map((i) => messages.map(({ texts }) => texts[i]).join(""));

describe("a stream that broke", () => {
  it("goes on at another replica from any of its messages, and the two parts are the whole", async () => {
    const [one, other] = [await serve(coder), await serve(coder)];
    const whole = await read(await one.post("/v1/chat/completions", { ...asked, seed: 9 }));
    expect(whole.map(({ finished }) => finished).reduce((sum, count) => sum + count)).toBe(2);
    for (const at of [0, 1, Math.floor(whole.length / 2), whole.length - 2]) {
      const headers = { "content-type": "application/json", "last-event-id": whole[at]!.id };
      const rest = await read(await other.post("/v1/chat/completions", { ...asked, seed: 9 }, { headers }));
      expect(textsOf([...whole.slice(0, at + 1), ...rest])).toEqual(textsOf(whole));
      expect(rest.at(-1)!.usage).toEqual(whole.at(-1)!.usage);
    }
  });

  it.each([
    ["x", { seed: 1 }, 'Last-Event-ID must be the id of a message of ours, got "x".'],
    ["OWN/x", { seed: 1 }, 'Last-Event-ID must be the id of a message of ours, got "OWN/x".'],
    ["OWN/3.5", {}, "seed must be that of the stream that broke: without it this would be another answer."],
    [
      "fp_0123456789ab/3.5",
      { seed: 1 },
      'The stream that broke was of "fp_0123456789ab", and this server is OWN: it would not give the same answer.',
    ],
  ])("is not resumed from %j with %j", async (anyId, fields, text) => {
    const { post } = await serve(createFakeEngine());
    const { system_fingerprint: own } = (await (await post("/v1/completions", { prompt: "p" })).json()) as { system_fingerprint: string };
    const [id, message] = [anyId.replace("OWN", own), text.replace("OWN", own)];
    const response = await post(
      "/v1/chat/completions",
      { ...asked, ...fields },
      { headers: { "content-type": "application/json", "last-event-id": id } },
    );
    expect([response.status, await response.json()]).toMatchObject([400, { error: { message } }]);
  });
});
