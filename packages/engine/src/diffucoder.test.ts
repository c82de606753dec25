import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DECODER_NAMES } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { type GenerationEvent, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const prompt = "Return the sum of xs.";

async function eventsOf(options: object = {}): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of coder.stream({ prompt, ...options })) events.push(event);
  return events;
}

describe("stream", () => {
  it("reports the layout, a reveal for each step and the result", async () => {
    const events = await eventsOf();
    expect(events.map((event) => event.type)).toEqual(["layout", "reveal", "reveal", "reveal", "reveal", "reveal", "reveal", "done"]);
    expect(events[0]).toEqual({
      type: "layout",
      promptTokens: coder.tokenizer.encodeChat([{ role: "user", content: prompt }]).length,
      completionLength: 12,
      steps: 6,
      alg: "entropy",
      temperature: 0,
      topP: 1,
      seed: 0,
    });
  });

  it("commits every position once, as the result has it", async () => {
    const events = await eventsOf({ temperature: 1, seed: 3 });
    const committed = new Map<number, number>();
    for (const event of events) {
      if (event.type !== "reveal") continue;
      expect(event.texts).toHaveLength(event.positions.length);
      expect(event.confidence).toHaveLength(event.positions.length);
      event.positions.forEach((position, i) => {
        expect(committed.has(position)).toBe(false);
        committed.set(position, event.tokenIds[i] as number);
      });
    }
    const done = events.at(-1);
    if (done?.type !== "done") throw new Error("the last event is the result");
    expect(done.generation.tokenIds).toEqual(Array.from({ length: 12 }, (_, position) => committed.get(position)));
    expect(done.generation.forwardPasses).toBe(6);
  });

  it("tells what was proposed and not committed, on request", async () => {
    const proposals = (events: GenerationEvent[]) =>
      events.flatMap((event) => (event.type === "reveal" ? [event.provisional?.positions.length] : []));
    expect(proposals(await eventsOf({ provisional: true }))).toEqual([11, 9, 7, 5, 3, 0]);
    expect(proposals(await eventsOf()).slice(1)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it("hands out text that only grows, up to the result's", async () => {
    const events = await eventsOf({ temperature: 1, seed: 4, steps: 12 });
    const done = events.at(-1);
    const texts = events.flatMap((event) => (event.type === "reveal" ? [event.committedText] : []));
    texts.forEach((text, i) => expect(text.startsWith(texts[i - 1] ?? "")).toBe(true));
    expect(done).toMatchObject({ type: "done", generation: { text: texts.at(-1) } });
  });

  it("ends early on request, with the same text", async () => {
    const whole = await coder.generate({ prompt, temperature: 1, seed: 5, steps: 12, maxTokens: 2 });
    const early = await coder.generate({ prompt, temperature: 1, seed: 5, steps: 12, maxTokens: 2, earlyExit: true });
    expect(early.text).toBe(whole.text);
    expect(early.forwardPasses).toBeLessThanOrEqual(whole.forwardPasses);
    expect([early.finishReason, early.completionTokens]).toEqual([whole.finishReason, whole.completionTokens]);
  });
});

describe("generate", () => {
  it("gives the same for the same seed, and something else for another", async () => {
    const text = async (seed: number) => (await coder.generate({ prompt, temperature: 1, seed })).text;
    expect(await text(1)).toBe(await text(1));
    expect(await text(2)).not.toBe(await text(1));
  });

  it("takes a conversation", async () => {
    const { promptTokens } = await coder.generate({ messages: [{ role: "user", content: prompt }] });
    expect(promptTokens).toBe(coder.tokenizer.encodeChat([{ role: "user", content: prompt }]).length);
  });

  it("scales the steps with the canvas", async () => {
    const { forwardPasses, tokenIds } = await coder.generate({ prompt, maxNewTokens: 4 });
    expect([forwardPasses, tokenIds.length]).toEqual([2, 4]);
  });

  it("reports every step", async () => {
    const steps: number[] = [];
    await coder.generate({ prompt, onStep: (event) => steps.push(event.step) });
    expect(steps).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("stops when asked, between two forward passes", async () => {
    const stop = new AbortController();
    const running = coder.generate({ prompt, signal: stop.signal, onStep: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: "ABORTED", message: "Generation was stopped." });
  });

  it("refuses a prompt that is too long, none, and two", async () => {
    await expect(coder.generate({ prompt: "z".repeat(100) })).rejects.toThrow(
      /^The prompt has \d+ tokens in the chat template, and this model has room for 48\./,
    );
    await expect(coder.generate({})).rejects.toThrow("prompt must be given, or else messages, got undefined.");
    await expect(coder.generate({ messages: [] })).rejects.toThrow("messages must be one message or more, got [].");
    await expect(coder.generate({ prompt, messages: [] })).rejects.toThrow("prompt must be absent if messages is given");
  });

  it("names every bad option at once", async () => {
    await expect(coder.generate({ prompt, steps: 0, alg: "best", temprature: 1 } as object)).rejects.toThrow(
      [
        "Invalid generate options:",
        `  - alg: must be one of ${DECODER_NAMES.map((name) => `"${name}"`).join(", ")}, got "best"`,
        "  - steps: must be greater than 0, got 0",
        '  - Unrecognized key: "temprature"',
      ].join("\n"),
    );
  });
});

describe("loadDiffuCoder", () => {
  it("names what is wrong in the generation config", async () => {
    const bad = makeTinyModel({ generationConfig: { steps: 0, beams: 4 } });
    await expect(loadDiffuCoder(bad.dir)).rejects.toThrow(
      `Invalid ${bad.dir}/generation_config.json:\n  - steps: must be greater than 0, got 0\n  - Unrecognized key: "beams"`,
    );
    bad.remove();
  });

  it("reads a published model's generation config, and leaves its prompts as long as they are", async () => {
    const published = makeTinyModel();
    const file = {
      _from_model_config: true,
      transformers_version: "4.46.2",
      eos_token_id: 1,
      max_new_tokens: 8,
      steps: 4,
      temperature: 0,
      alg: null,
    };
    writeFileSync(join(published.dir, "generation_config.json"), JSON.stringify(file));
    const { generationConfig, generate, close } = await loadDiffuCoder(published.dir);
    expect(generationConfig).toMatchObject({ maxNewTokens: 8, steps: 4, alg: "entropy", padPrompt: false });
    const { promptTokens, trace } = await generate({ prompt });
    expect(trace.initialIds).toHaveLength(promptTokens + 8);
    expect(trace.eosTokenIds).toContain(1);
    const [first, ...later] = trace.steps;
    expect([...first!.positions, ...first!.provisional!.positions].toSorted((a, b) => a - b)).toEqual(
      [...Array(8).keys()].map((i) => promptTokens + i),
    );
    expect(later.filter(({ provisional }) => provisional !== undefined)).toEqual([]);
    await close();
    published.remove();
  });

  it("quantizes while it loads, and generates", async () => {
    const quantized = await loadDiffuCoder(model.dir, { quantize: "int8" });
    expect(Object.keys(quantized.parameters)).toContain("model.layers.0.mlp.up_proj.weight.codes");
    expect((await quantized.generate({ prompt })).tokenIds).toHaveLength(12);
    await quantized.close();
  });

  it("never proposes the mask, nor an id without a token", async () => {
    const { tokenizer, denoiser } = coder;
    const { maskTokenId } = denoiser;
    const positions = Int32Array.from({ length: 12 }, (_, i) => i + 1);
    const inputIds = new Int32Array(16).fill(maskTokenId);
    const request = { inputIds, batchSize: 1, length: 16, positions, draws: [{ temperature: 2, confidence: "entropy" as const }] };
    const { tokens } = await denoiser.propose({ ...request, uniforms: new Float32Array(12).fill(0.999) });
    for (const id of tokens) expect(tokenizer.hasToken(id) && id !== maskTokenId).toBe(true);
  });

  it("refuses a model whose tokenizer has no mask token", async () => {
    const maskless = makeTinyModel();
    const path = join(maskless.dir, "tokenizer.json");
    const file = JSON.parse(readFileSync(path, "utf8")) as { added_tokens: { id: number; content: string }[] };
    const { id } = file.added_tokens.find(({ content }) => content === "<|mask|>") as { id: number };
    writeFileSync(path, JSON.stringify({ ...file, added_tokens: file.added_tokens.filter((token) => token.id !== id) }));
    await expect(loadDiffuCoder(maskless.dir)).rejects.toThrow(
      `${maskless.dir}: the tokenizer gives the mask token the id undefined, while config.json says ${id}.`,
    );
    maskless.remove();
  });

  it("names the file that is missing", async () => {
    await expect(loadDiffuCoder("/no/such/model")).rejects.toThrow("/no/such/model/config.json: no such file.");
    for (const model of [undefined, 5, { model: "/no/such/model" }])
      await expect(loadDiffuCoder(model as never)).rejects.toThrow(/^model must be a folder, or owner\/name on Hugging Face's hub, got /);
  });
});

describe("many requests", async () => {
  const requests = [3, 1, 2].map((seed, i) => ({ prompt: `${prompt} ${i}`, temperature: 1, seed, maxNewTokens: 4 * (i + 1) }));
  const alone = await Promise.all(requests.map((request) => coder.generate(request)));

  it("give what each gives alone, in their order", async () => {
    const together = await coder.generate(requests);
    expect(together.map(({ tokenIds }) => tokenIds)).toEqual(alone.map(({ tokenIds }) => tokenIds));
  });

  it("share forward passes", async () => {
    const before = coder.stats().forwardPasses;
    const together = await coder.generate(requests.map((request) => ({ ...request, maxNewTokens: 12, steps: 6 })));
    expect(together.map(({ forwardPasses }) => forwardPasses)).toEqual([6, 6, 6]);
    expect(coder.stats().forwardPasses - before).toBe(6);
  });

  it("are checked before the first is decoded", async () => {
    const before = coder.stats();
    await expect(coder.generate([...requests, { prompt, steps: 0 }])).rejects.toThrow(
      "Request 3: Invalid generate options:\n  - steps: must be greater than 0, got 0",
    );
    expect(coder.stats()).toEqual(before);
  });

  it("end together where one is stopped", async () => {
    const stop = new AbortController();
    const steps: number[] = [];
    const running = coder.generate([
      { ...requests[0]!, signal: stop.signal, onStep: () => stop.abort() },
      { ...requests[1]!, maxNewTokens: 40, onStep: ({ step }) => steps.push(step) },
    ]);
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
    expect(steps.length).toBeLessThan(20);
    expect(coder.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  it("can be submitted and read later", async () => {
    const submitted = requests.map((request) => coder.submit(request));
    for (const [i, events] of [...submitted.entries()].reverse()) {
      let last: GenerationEvent | undefined;
      for await (const event of events) last = event;
      expect(last).toMatchObject({ type: "done", generation: { text: alone[i]!.text } });
    }
    expect(() => coder.submit({ prompt, steps: 0 })).toThrow("Invalid generate options:\n  - steps: must be greater than 0, got 0");
  });

  it("that are given up before they are read leave the batch", async () => {
    const events = coder.submit({ prompt, maxNewTokens: 40 });
    await events.return(undefined);
    expect(coder.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  it("fill holes together as each alone", async () => {
    const texts = [1, 5].map((masks) => ({ prefix: "def f(xs):\n    return ", masks, temperature: 1, seed: masks }));
    const apart = [await coder.infill(texts[0]!), await coder.infill(texts[1]!)];
    expect((await coder.infill(texts)).map(({ text }) => text)).toEqual(apart.map(({ text }) => text));
  });
});

describe("a model that closes", () => {
  it("finishes what it has, and takes nothing more", async () => {
    const closing = await loadDiffuCoder(model.dir, { maxRows: 1 });
    const running = [1, 2].map((seed) => closing.generate({ prompt, temperature: 1, seed }));
    await closing.drain();
    expect(closing.stats()).toMatchObject({ done: 2, running: 0, waiting: 0 });
    expect((await Promise.all(running)).map(({ seed }) => seed)).toEqual([1, 2]);
    await expect(closing.generate({ prompt })).rejects.toThrow("The model is not available: it is closing and takes no more requests.");
    await closing.close();
  });

  it("ends what runs when it is closed", async () => {
    const closing = await loadDiffuCoder(model.dir);
    const running = closing.generate({ prompt, maxNewTokens: 40, onStep: () => void closing.close() });
    await expect(running).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("counts what was done with cache settings whose networks are not kept", async () => {
    const many = await loadDiffuCoder(model.dir);
    for (const every of [1, 2, 3, 4, 5, 6, 7]) await many.generate({ prompt, maxNewTokens: 4, cache: { kind: "dual", refreshSteps: every } });
    expect(many.stats()).toMatchObject({ done: 7, running: 0 });
    await many.close();
  });
});

describe("options that are none", () => {
  const notAnObject = [undefined, null, "sum", 5, [] as unknown[]];

  it.each(notAnObject)("are refused by every call: %j", async (options) => {
    const got = options === undefined ? "undefined" : JSON.stringify(options);
    const refused = (source: string) => `Invalid ${source} options:\n  - must be an object, got ${got}`;
    const calls = [coder.submit, coder.prepare, coder.prepareInfill];
    const sources = ["generate", "generate", "infill"];
    for (const [i, call] of calls.entries()) expect(() => call(options as never)).toThrow(refused(sources[i]!));
    await expect(coder.auditCache(options as never)).rejects.toThrow(refused("generate"));
    if (Array.isArray(options)) return; // no request at all
    await expect(coder.generate(options as never)).rejects.toThrow(refused("generate"));
    await expect(coder.infill(options as never)).rejects.toThrow(refused("infill"));
    if (options !== undefined) await expect(loadDiffuCoder(model.dir, options as never)).rejects.toThrow(refused("load"));
  });

  it("are named with the nearest one, as are signals and functions that are none", async () => {
    await expect(loadDiffuCoder(model.dir, { quantise: "int8", maxRows: 0 } as object)).rejects.toThrow(
      'Invalid load options:\n  - maxRows: must be greater than 0, got 0\n  - Unrecognized key: "quantise". Did you mean quantize?',
    );
    await expect(coder.generate({ prompt, signal: {}, onStep: 1 } as object)).rejects.toThrow(
      "Invalid generate options:\n  - signal: must be an AbortSignal, got {}\n  - onStep: must be a function, got 1",
    );
  });
});
