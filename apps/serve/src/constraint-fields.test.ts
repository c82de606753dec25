import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { afterAll, describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

const schema = { type: "object", properties: { ok: { type: "boolean" }, n: { type: "integer", minimum: 1, maximum: 12 } }, required: ["ok"] };
const messages = [{ role: "user", content: "p" }];

describe("fields of constraints", () => {
  it.each([
    [{ response_format: { type: "text" } }, undefined],
    [{ response_format: { type: "json_object" } }, "json_object"],
    [{ response_format: { type: "json_schema", json_schema: { name: "n", strict: true, schema } } }, { kind: "json_schema", schema }],
    [{ regex: "a+" }, { kind: "regex", pattern: "a+" }],
    [{ regex: null, response_format: null, constraint: "python" }, "python"],
  ])("%j reaches the engine", async (fields, constraint) => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    for (const [path, input] of [
      ["/v1/chat/completions", { messages }],
      ["/v1/completions", { prompt: "p" }],
      ["/v1/denoise", { prompt: "p" }],
    ] as const)
      expect((await post(path, { ...input, ...fields })).status).toBe(200);
    expect(engine.calls.map((call) => call.constraint)).toEqual([constraint, constraint, constraint]);
  });

  it("the format of /v1/responses reaches it too", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    for (const format of [{ type: "text" }, { type: "json_object" }, { type: "json_schema", name: "n", schema }]) {
      const response = await post("/v1/responses", { input: "p", text: { format } });
      expect([response.status, await response.json()]).toMatchObject([200, { text: { format } }]);
    }
    expect(engine.calls.map((call) => call.constraint)).toEqual([undefined, "json_object", { kind: "json_schema", schema }]);
  });

  it("pinned tokens reach it too", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const pinned = [
      { position: 0, text: "def" },
      { position: 9, token_ids: [4] },
    ];
    expect((await post("/v1/chat/completions", { messages, pinned })).status).toBe(200);
    expect(engine.calls[0]).toMatchObject({
      pinned: [
        { position: 0, text: "def" },
        { position: 9, tokenIds: [4] },
      ],
    });
  });
});

describe("with the model", async () => {
  const coder = await loadDiffuCoder(bundledModelDir());
  afterAll(() => coder.close());
  const prompt = "Return the sum of the elements of xs.";
  const content = async (response: Response): Promise<string> => {
    const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
    return choices[0].message.content;
  };

  it("an answer keeps to its format, streamed or not, hot or not, as long as it may be", async () => {
    const { post } = await serve(coder);
    const ask = (more: object) => post("/v1/chat/completions", { messages: [{ role: "user", content: prompt }], temperature: 1.5, ...more });
    const format = { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } };
    for (const seed of [1, 2, 3]) {
      const value: unknown = JSON.parse(await content(await ask({ ...format, seed })));
      expect(value).toEqual({
        ok: expect.any(Boolean) as boolean,
        ...((value as { n?: number }).n !== undefined && { n: expect.any(Number) as number }),
      });
      expect(await content(await ask({ regex: String.raw`[a-z]+\(\d{2}\)`, max_tokens: 6, seed }))).toMatch(/^[a-z]+\(\d{2}\)$/);
    }
    const streamed = await (await ask({ regex: "(yes|no), (yes|no)", stream: true })).text();
    const text = [...streamed.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join("");
    expect(text).toMatch(/^(yes|no), (yes|no)$/);
    const hole = await post("/v1/completions", { prompt: "x = ", suffix: "\n", max_tokens: 3, regex: "[0-9]{2,3}" });
    expect(await hole.json()).toMatchObject({ choices: [{ text: expect.stringMatching(/^[0-9]{2,3}$/) as string }] });
  });

  it.each<[object, string, string]>([
    [{ regex: "a(" }, "regex", 'regex must be a regular expression that is supported: at character 2, the group is not closed, got "a(".'],
    [
      { regex: "(a|b)*a(a|b){40}" },
      "regex",
      'regex must be smaller, got "one with too many states". Lower its bounds of repetition, and what is repeated inside of repetitions.',
    ],
    [
      { regex: "[ab]{60}", max_tokens: 4 },
      "regex",
      expect.stringMatching(/^The shortest text that keeps to the constraint has \d+ tokens, and there is room for 4\./) as string,
    ],
    [
      { response_format: { type: "json_schema", json_schema: { schema: { type: "string", format: "email" } } } },
      "response_format.json_schema.schema",
      'response_format.json_schema.schema.format: it is not supported, got "email".',
    ],
    [
      { response_format: { type: "json_schema", json_schema: { schema: { enum: [] } } } },
      "response_format.json_schema.schema",
      "response_format.json_schema.schema: no value is valid.",
    ],
    [{ regex: "a", constraint: "python" }, "constraint", "constraint: cannot be combined with regex; an answer keeps to one of them"],
    [{ pinned: [{ position: 0 }] }, "pinned.0", "pinned.0: give a text or tokenIds, one of both"],
  ])("%j is refused with its field, before a stream begins", async (fields, param, message) => {
    const { post, failures } = await serve(coder);
    for (const stream of [false, true]) {
      const response = await post("/v1/chat/completions", { messages: [{ role: "user", content: prompt }], stream, ...fields });
      expect([response.status, await response.json()]).toEqual([400, { error: expect.objectContaining({ param, message }) as object }]);
    }
    expect(failures).toEqual([]);
  });

  it.each<[object, string, string]>([
    [{ regex: "a(" }, "regex", 'regex must be a regular expression that is supported: at character 2, the group is not closed, got "a(".'],
    [
      { regex: "(a|b)*a(a|b){40}" },
      "regex",
      'regex must be smaller, got "one with too many states". Lower its bounds of repetition, and what is repeated inside of repetitions.',
    ],
    [
      { regex: "[ab]{600}" },
      "regex",
      expect.stringMatching(/^The shortest text that keeps to the constraint has \d+ tokens, and there is room for \d+\./) as string,
    ],
  ])("%j is refused by /v1/denoise before its stream opens", async (fields, param, message) => {
    const { post } = await serve(coder);
    for (const input of [{ prompt }, { template: ["x = ", { masks: 3 }, "\n"] }]) {
      const response = await post("/v1/denoise", { ...input, ...fields });
      expect([response.status, await response.json()]).toMatchObject([400, { error: { param, message } }]);
    }
  });

  it.each([
    [
      { format: { type: "json_schema", name: "n", schema: { type: "string", format: "email" } } },
      {},
      "text.format.schema",
      'text.format.schema.format: it is not supported, got "email".',
    ],
    [{ format: { type: "json_object" } }, { regex: "a" }, "regex", "regex: cannot be combined with text.format; an answer keeps to one of them"],
  ])("%j is refused by /v1/responses with its own field", async (text, fields, param, message) => {
    const { post } = await serve(coder);
    for (const stream of [false, true]) {
      const response = await post("/v1/responses", { input: prompt, stream, text, ...fields });
      expect([response.status, await response.json()]).toMatchObject([400, { error: { param, message } }]);
    }
  });
});
