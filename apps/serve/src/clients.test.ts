// The clients that people use, against a listening server with the small model.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { bundledModelDir, type DiffuCoder, loadDiffuCoder } from "diffucoder";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "./served.fixture.ts";

let coder: DiffuCoder;
beforeAll(async () => {
  coder = await loadDiffuCoder(bundledModelDir());
});
afterAll(() => coder.close());

const SUM = "Return the sum of the elements of xs.";
const answerOf = async (messages: { role: "user" | "assistant" | "system"; content: string }[], seed: number): Promise<string> =>
  (await coder.generate({ messages, seed, earlyExit: true })).text;

describe("the openai client", () => {
  const open = async (): Promise<OpenAI> => new OpenAI({ baseURL: `${(await serve(coder)).url}/v1`, apiKey: "none", maxRetries: 0 });

  it("has a conversation by sending our messages back", async () => {
    const client = await open();
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Return xs." }];
    const first = await client.chat.completions.create({ model: "tiny", messages, seed: 3, n: 2 });
    expect(first.choices.map(({ index }) => index)).toEqual([0, 1]);
    const told = first.choices[0]!.message;
    expect(told.content).toBe(await answerOf([{ role: "user", content: "Return xs." }], 3));
    const short = await client.chat.completions.create({
      model: "tiny",
      messages: [
        { role: "user", content: "a" },
        { ...told, content: "b" },
        { role: "user", content: "c" },
      ],
      seed: 3,
    });
    expect(short.choices[0]!.message.content).toBe(
      await answerOf(
        [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
          { role: "user", content: "c" },
        ],
        3,
      ),
    );
  });

  it("streams text, log-probabilities and usage, and the pieces are the whole answer", async () => {
    const client = await open();
    const asked = { model: "tiny", messages: [{ role: "user", content: SUM }], seed: 5, logprobs: true } satisfies OpenAI.ChatCompletionCreateParams;
    const whole = await client.chat.completions.create(asked);
    const stream = await client.chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
    let text = "";
    const tokens: OpenAI.ChatCompletionTokenLogprob[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens.push(...(chunk.choices[0]?.logprobs?.content ?? []));
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]!.message.content);
    expect(usage).toEqual(whole.usage);
    expect(tokens).toEqual(whole.choices[0]!.logprobs!.content);
    expect(tokens.map(({ token }) => token).join("")).toBe(text);
    expect(tokens.every(({ logprob }) => logprob <= 0 && logprob > -20)).toBe(true);
    expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes!)).toString()).toBe(text);
  });

  it("leaves a stream, and the row is free", async () => {
    const client = await open();
    const stream = await client.chat.completions.create({ model: "tiny", messages: [{ role: "user", content: SUM }], stream: true });
    for await (const _ of stream) break;
    await expect.poll(() => coder.stats().running, { timeout: 20_000 }).toBe(0);
  });

  it("answers by the responses interface, whole, streamed, and with our items sent back", async () => {
    const client = await open();
    const whole = await client.responses.create({ model: "tiny", input: SUM, instructions: "x" });
    expect(whole).toMatchObject({ status: "completed", usage: { total_tokens: whole.usage!.input_tokens + whole.usage!.output_tokens } });
    expect(whole.output_text).toBe(
      await answerOf(
        [
          { role: "system", content: "x" },
          { role: "user", content: SUM },
        ],
        42,
      ),
    );
    const types: string[] = [];
    let text = "";
    for await (const event of await client.responses.create({ model: "tiny", input: SUM, instructions: "x", stream: true })) {
      types.push(event.type);
      if (event.type === "response.output_text.delta") text += event.delta;
      if (event.type === "response.completed") expect(event.response.output).toEqual([{ ...whole.output[0], id: expect.stringMatching(/^msg_/) }]);
    }
    expect(text).toBe(whole.output_text);
    expect([types[0], types.at(-1)]).toEqual(["response.created", "response.completed"]);
    const cut = await client.responses.create({ model: "tiny", input: SUM, max_output_tokens: 3 });
    expect(cut).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    const back = client.responses.create({
      model: "tiny",
      input: [{ role: "user", content: "a" }, ...cut.output, { role: "user", content: "b" }] as OpenAI.Responses.ResponseInput,
    });
    expect((await back).status).toBe("completed");
  });

  it("continues lists of texts and of token ids, each as it would alone", async () => {
    const client = await open();
    const texts = ["def f(xs):\n", "```python\ndef f(xs):\n"];
    const { choices } = await client.completions.create({ model: "tiny", prompt: texts, seed: 4, n: 2 });
    const alone = await Promise.all(
      [0, 1, 2, 3].map((i) => coder.generate({ prompt: texts[i >> 1]!, chatTemplate: false, seed: 4 + i, earlyExit: true })),
    );
    expect(choices.map(({ text }) => text)).toEqual(alone.map(({ text }) => text));
    const ids = texts.map((text) => coder.tokenizer.encode(text));
    const ofIds = await client.completions.create({ model: "tiny", prompt: ids, seed: 4, n: 2 });
    expect(ofIds.choices).toEqual(choices);
  });

  it("fills holes as editors ask: more room than there is, an empty prefix, and templates", async () => {
    const client = await open();
    const most = await client.completions.create({ model: "tiny", prompt: "def f(xs):\n    return ", suffix: "\n", max_tokens: 100_000_000 });
    expect(most.usage!.total_tokens).toBe(coder.config.maxPositionEmbeddings);
    const before = await client.completions.create({
      model: "tiny",
      prompt: "",
      suffix: "\n    return xs\n",
      max_tokens: 4,
      stop: Array.from({ length: 16 }, (_, i) => `stop ${i}`),
    });
    expect(before.usage!.completion_tokens).toBe(4);
    const template = ["def f(xs):\n    return ", { masks: 4 }, "\n"];
    const filled = await client.completions.create({ model: "tiny", template, seed: 1 } as never);
    const infilling = await coder.infill({ template, seed: 1 } as never);
    expect(filled.choices[0]).toMatchObject({ text: infilling.text, holes: infilling.holes, finish_reason: "stop" });
  });

  it("gets errors as its own classes", async () => {
    const client = await open();
    const asked = client.chat.completions.create({
      model: "tiny",
      messages: [{ role: "user", content: "x" }],
      tools: [{ type: "function", function: { name: "f" } }],
    });
    await expect(asked).rejects.toThrow(OpenAI.BadRequestError);
    await expect(asked).rejects.toMatchObject({ param: "tools", code: "invalid_value" });
    await expect(client.models.retrieve("other")).rejects.toThrow(OpenAI.NotFoundError);
  });
});

describe("vercel's AI SDK", () => {
  it("generates and streams by its provider for compatible servers", async () => {
    const { url } = await serve(coder);
    const model = createOpenAICompatible({ name: "diffucoder", baseURL: `${url}/v1`, includeUsage: true })("tiny");
    const { text, usage } = await generateText({ model, prompt: SUM, seed: 2 });
    expect(text).toBe(await answerOf([{ role: "user", content: SUM }], 2));
    expect(usage.outputTokens).toBeGreaterThan(0);
    const { textStream } = streamText({ model, prompt: SUM, seed: 2 });
    let streamed = "";
    for await (const piece of textStream) streamed += piece;
    expect(streamed).toBe(text);
  });
});
