import { AbortedError, createRandom, NumericalError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Canvas } from "./canvas.ts";
import { decodeCanvases, type RunOptions } from "./decode.ts";
import { dreamDecoder } from "./decoders/dream.ts";
import type { Denoiser } from "./denoiser.ts";
import type { StepEvent } from "./events.ts";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import { generate } from "./generate.ts";
import { infill } from "./infill.ts";
import { SamplerOptionsSchema } from "./options.ts";
import { traceStep } from "./trace.ts";

const [PAD, END] = [0, 1];
const columns: Propose = (_, column) => ({ token: column + 10, confidence: column / 100 });
const canvasOf = (ids: readonly number[], completionStart = 1, start = 0): Canvas => ({
  ids: Int32Array.from(ids),
  start,
  completionStart,
  filled: new Set(),
});
const decoder = (options: object = {}) => dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 2, schedule: "even", ...options }));

async function run(canvases: readonly Canvas[], options: Partial<RunOptions> = {}): Promise<StepEvent[]> {
  const events: StepEvent[] = [];
  const all = { denoiser: fakeDenoiser(columns), decoder: decoder(), random: createRandom(0), padTokenId: PAD, ...options };
  for await (const event of decodeCanvases(canvases, all)) events.push(event);
  return events;
}

describe("decodeCanvases", () => {
  it("pads rows of different lengths on the right, unseen by the model", async () => {
    const denoiser = fakeDenoiser(columns);
    const canvases = [canvasOf([5, MASK, MASK, MASK]), canvasOf([5, MASK])];
    await run(canvases, { denoiser, decoder: decoder({ steps: 1 }) });
    expect(canvases.map(({ ids }) => [...ids])).toEqual([
      [5, 11, 12, 13],
      [5, 11],
    ]);
    const [request] = denoiser.requests;
    expect([...request!.inputIds]).toEqual([5, MASK, MASK, MASK, 5, MASK, PAD, PAD]);
    expect([...request!.attentionMask!]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    expect([...request!.positionIds!]).toEqual([0, 1, 2, 3, 0, 1, 1, 1]);
  });

  it("gives a row the same tokens alone and next to rows of any length, padded left or right", async () => {
    // What is proposed depends on the row's real tokens and on its draw.
    const propose: Propose = (row, column, uniform) => {
      const real = row.slice(0, row.indexOf(-1) === -1 ? row.length : row.indexOf(-1)).filter((token) => token !== PAD);
      const sum = real.reduce((total, token) => total + token, 0);
      return { token: uniform < 0.15 ? END : 10 + ((sum + column) % 7), confidence: ((sum * 31 + column * 17) % 101) / 101 };
    };
    const rowOf = fc.record({ prompt: fc.integer({ min: 1, max: 3 }), masks: fc.integer({ min: 1, max: 9 }), start: fc.integer({ min: 0, max: 2 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf, { minLength: 2, maxLength: 6 }), fc.nat(1000), fc.constantFrom(0, 2), async (rows, seed, algTemp) => {
        const canvas = ({ prompt, masks, start }: (typeof rows)[number]) =>
          canvasOf(
            [
              ...Array.from({ length: start }, () => PAD),
              ...Array.from({ length: prompt }, (_, i) => 40 + i),
              ...Array.from({ length: masks }, () => MASK),
            ],
            start + prompt,
            start,
          );
        const random = rows.map((_, i) => createRandom(seed).split("row", i));
        const options = { decoder: decoder({ steps: 4, temperature: 1, algTemp }), denoiser: fakeDenoiser(propose), eosTokenIds: [END] };
        const together = rows.map(canvas);
        await run(together, { ...options, random });
        for (const [i, row] of rows.entries()) {
          const alone = canvas(row);
          await run([alone], { ...options, random: [createRandom(seed).split("row", i)] });
          expect([...alone.ids]).toEqual([...together[i]!.ids]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("keeps the numbers of rows when others have left, and tells blocks and passes", async () => {
    const denoiser = fakeDenoiser(columns);
    const canvases = [canvasOf([5, MASK]), canvasOf([5, 8]), canvasOf([5, MASK, MASK]), canvasOf([5, 8])];
    const events = await run(canvases, { denoiser });
    expect(denoiser.requests.map(({ rows }) => rows)).toEqual([[0, 2], [2]]);
    expect(denoiser.requests.map(({ windows }) => [...windows!])).toEqual([
      [0, 2, 0, 3],
      [0, 3],
    ]);
    expect(events.map(({ forwardPasses, forwardTokens }) => [forwardPasses, forwardTokens])).toEqual([
      [1, 6],
      [2, 9],
    ]);
  });

  it("tells provisional tokens from committed ones when asked to", async () => {
    const [event] = await run([canvasOf([5, MASK, MASK])], { provisional: true });
    expect(event!.rows[0]).toMatchObject({ positions: [1], tokens: [12], edited: [], provisional: { positions: [0], tokens: [11], columns: [1] } });
  });

  it("tells the provisional tokens of the first pass alone when asked for the first", async () => {
    const events = await run([canvasOf([5, MASK, MASK])], { provisional: "first" });
    expect(events.map(({ rows: [row] }) => row!.provisional?.positions)).toEqual([[0], undefined]);
    const [first, second] = events.map(({ rows: [row] }) => traceStep(row!));
    expect(first!.provisional).toEqual({ positions: [1], confidence: [expect.any(Number)], entropy: [expect.any(Number)] });
    expect(second).not.toHaveProperty("provisional");
  });

  it("lets the tokens hook change a row after each step, and records it", async () => {
    const steps: (number | null)[] = [];
    const canvas = canvasOf([5, MASK, MASK, MASK]);
    const events = await run([canvas], {
      tokensHook: (step, ids) => {
        steps.push(step);
        if (step === 0) ids[1] = 77;
      },
    });
    expect([...canvas.ids]).toEqual([5, 77, 12, 13]);
    expect(events[0]!.rows[0]!.change.hooked).toEqual({ positions: [1], tokens: [77] });
    expect(steps).toEqual([0]); // the hook left nothing to do in the second step
  });

  it("opens one session for a run and closes it at the end, on errors, and when it is stopped", async () => {
    const log: string[] = [];
    const withSession = (propose: Denoiser["propose"]): Denoiser => ({
      maskTokenId: MASK,
      propose,
      openSession: () => {
        log.push("open");
        return { propose, close: () => log.push("close") };
      },
    });
    const fake = fakeDenoiser(columns);
    await run([canvasOf([5, MASK, MASK])], { denoiser: withSession(fake.propose) });
    expect(log.splice(0)).toEqual(["open", "close"]);
    await expect(run([canvasOf([5, MASK])], { denoiser: withSession(() => Promise.reject(new Error("gone"))) })).rejects.toThrow("gone");
    expect(log.splice(0)).toEqual(["open", "close"]);
    const stop = new AbortController();
    const abortedAfterFirst = withSession((request) => {
      stop.abort();
      return fake.propose(request);
    });
    await expect(run([canvasOf([5, MASK, MASK])], { denoiser: abortedAfterFirst, signal: stop.signal })).rejects.toThrow(AbortedError);
    expect(log).toEqual(["open", "close"]);
  });

  it("refuses rows that are longer than the model can take, padding not counted", async () => {
    const denoiser = { ...fakeDenoiser(columns), maxLength: 3 };
    await run([canvasOf([PAD, 5, MASK, MASK], 2, 1)], { denoiser });
    await expect(run([canvasOf([5, MASK, MASK, MASK])], { denoiser })).rejects.toThrow(
      'promptIds[0] must be at most 3 tokens long, prompt and completion together, got "4 tokens with its completion". That is what the model was made for: shorten the prompt or ask for fewer new tokens.',
    );
  });

  it("says where logits are not numbers", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: 3, confidence: column === 2 ? Number.NaN : 1 }));
    await expect(run([canvasOf([5, MASK, MASK])], { denoiser })).rejects.toThrow(
      'logits must be numbers, got "NaN at column 2 of row 0". The model\'s parameters are damaged, or its activations overflow.',
    );
  });

  describe("holds a denoiser to its contract", () => {
    const contract =
      "A Denoiser's propose resolves to { tokens, confidence, entropy }: in each a number for every one of request.positions, in this order; tokens are ids of the vocabulary, and the mask's only with mayProposeMask: true.";
    const answering = (answer: unknown): Denoiser => ({ maskTokenId: MASK, vocabSize: 100, propose: async () => answer as never });
    const two = [5, MASK, MASK];
    const good = { tokens: [1, 2], confidence: [0.1, 0.2], entropy: [0, 0] };

    it.each([
      [undefined, "the denoiser's answer must be an object, got undefined."],
      [{}, "the denoiser's tokens must be 2 numbers, one for each position, got undefined."],
      [{ ...good, tokens: [1] }, 'the denoiser\'s tokens must be 2 numbers, one for each position, got "1 of them".'],
      [{ ...good, confidence: [1, 2, 3] }, 'the denoiser\'s confidence must be 2 numbers, one for each position, got "3 of them".'],
      [{ ...good, entropy: undefined }, "the denoiser's entropy must be 2 numbers, one for each position, got undefined."],
      [{ ...good, tokens: [1, MASK] }, 'the denoiser\'s token must be another than the mask, got "99 at column 2 of row 0".'],
      [{ ...good, tokens: [1, 100] }, 'the denoiser\'s token must be an integer from 0 to 99, got "100 at column 2 of row 0".'],
      [{ ...good, tokens: [-1, 1] }, 'the denoiser\'s token must be an integer from 0 to 99, got "-1 at column 1 of row 0".'],
      [{ ...good, tokens: [20.7, 1] }, 'the denoiser\'s token must be an integer from 0 to 99, got "20.7 at column 1 of row 0".'],
    ])("refuses %j", async (answer, message) => {
      await expect(run([canvasOf(two)], { denoiser: answering(answer) })).rejects.toThrow(`${message} ${contract}`);
    });

    it("takes plain arrays", async () => {
      const canvas = canvasOf(two);
      await run([canvas], { denoiser: answering(good), decoder: decoder({ steps: 1 }) });
      expect([...canvas.ids]).toEqual([5, 1, 2]);
    });

    it("refuses confidences and entropies that are not numbers", async () => {
      for (const bad of [{ confidence: [1, Number.NaN] }, { entropy: [0, Number.NaN] }, { confidence: [1, undefined] }])
        await expect(run([canvasOf(two)], { denoiser: answering({ ...good, ...bad }) })).rejects.toThrow(NumericalError);
    });

    it("refuses what has no propose", async () => {
      await expect(run([canvasOf(two)], { denoiser: { maskTokenId: MASK } as never })).rejects.toThrow(
        'denoiser must be a Denoiser, { maskTokenId, propose }, got {"maskTokenId":99}.',
      );
    });
  });

  it.each([
    ["decoder", undefined, "a Decoder, as dreamDecoder makes one, got undefined."],
    ["decoder", {}, "a Decoder, as dreamDecoder makes one, got {}."],
    ["denoiser", null, "a Denoiser, { maskTokenId, propose }, got null."],
    ["random", 42, "a stream or one for each row, got 42. Pass createRandom(seed) of @diffucoder/core."],
    ["random", null, "a stream or one for each row, got null. Pass createRandom(seed) of @diffucoder/core."],
    ["random", [null], "a stream or one for each row, got [null]. Pass createRandom(seed) of @diffucoder/core."],
    ["tokensHook", 3, "a function, got 3."],
    ["stop", ["x"], '{ strings, tokenText }, texts that are not empty and a function, got ["x"].'],
    ["stop", { strings: [1], tokenText: String }, '{ strings, tokenText }, texts that are not empty and a function, got {"strings":[1]}.'],
    ["stop", { strings: [""], tokenText: String }, '{ strings, tokenText }, texts that are not empty and a function, got {"strings":[""]}.'],
  ])("tells what is wrong with a %s of %j", async (argument, value, expected) => {
    const all = { denoiser: fakeDenoiser(columns), decoder: decoder(), padTokenId: PAD, [argument]: value };
    const message = `${argument} must be ${expected}`;
    await expect(generate({ ...all, promptIds: [[5]], maxNewTokens: 2 })).rejects.toThrow(message);
    await expect(infill({ ...all, rows: [[[5], { masks: 1 }]] })).rejects.toThrow(message);
    await expect(run([canvasOf([5, MASK])], { [argument]: value })).rejects.toThrow(message);
  });

  it("tells what is wrong with prompts", async () => {
    const all = { denoiser: fakeDenoiser(columns), decoder: decoder(), padTokenId: PAD, maxNewTokens: 2 };
    for (const [promptIds, message] of [
      [undefined, "promptIds must be at least one prompt, got undefined."],
      [[1, 2], "promptIds[0] must be a list of token ids, got 1."],
      [[[1], undefined], "promptIds[1] must be a list of token ids, got undefined."],
    ] as const)
      await expect(generate({ ...all, promptIds: promptIds as never })).rejects.toThrow(message);
  });

  it("needs a stream only where something is drawn", async () => {
    const canvas = canvasOf([5, MASK, MASK]);
    await run([canvas], { random: undefined, decoder: decoder({ temperature: 1e-40 }) });
    expect([...canvas.ids]).toEqual([5, 11, 12]);
    const message =
      "random must be a stream, as this decoder draws, got undefined. Pass createRandom(seed) of @diffucoder/core; only temperature 0 needs none.";
    for (const options of [{ temperature: 1 }, { alg: "origin" }, { algTemp: 1 }])
      await expect(run([canvasOf([5, MASK, MASK])], { random: undefined, decoder: decoder(options) })).rejects.toThrow(message);
    await expect(run([canvasOf([5, MASK]), canvasOf([5, MASK])], { random: [createRandom(0)] })).rejects.toThrow(
      'random must be one stream, or 2, one for each row, got "1 streams".',
    );
  });

  it.each([-2, -100, 20.7, Number.NaN, 100])("refuses %s wherever a token id enters", async (bad) => {
    const denoiser = { ...fakeDenoiser(columns), vocabSize: 100 };
    const among = (name: string): string => `${name} must be a token id, an integer from 0 to 99, got ${bad}.`;
    const all = { denoiser, decoder: decoder(), random: createRandom(0), padTokenId: PAD, maxNewTokens: 2 };
    await expect(generate({ ...all, promptIds: [[5], [6, bad]] })).rejects.toThrow(among("promptIds[1][1]"));
    await expect(generate({ ...all, promptIds: [[5]], padTokenId: bad })).rejects.toThrow(among("padTokenId"));
    await expect(generate({ ...all, promptIds: [[5]], eosTokenIds: [END, bad] })).rejects.toThrow(among("eosTokenIds[1]"));
    await expect(generate({ ...all, promptIds: [[5]], denoiser: { ...denoiser, maskTokenId: bad } })).rejects.toThrow(among("denoiser.maskTokenId"));
    await expect(infill({ ...all, rows: [[[5, bad], { masks: 1 }]] })).rejects.toThrow(among("rows[0][0][1]"));
  });

  it("refuses absurd sizes at once", async () => {
    const all = { denoiser: fakeDenoiser(columns), decoder: decoder(), random: createRandom(0), padTokenId: PAD, promptIds: [[5]] };
    for (const bad of [1e9, 0, 2.5, Number.NaN])
      await expect(generate({ ...all, maxNewTokens: bad })).rejects.toThrow(`maxNewTokens must be an integer from 1 to 131072, got ${bad}.`);
    await expect(generate({ ...all, maxNewTokens: 1, promptLength: 1e9 })).rejects.toThrow("promptLength must be an integer from 1 to 131072");
    await expect(infill({ ...all, rows: [[{ masks: 1e9 }]] })).rejects.toThrow("rows[0] must be made of holes with at most 131072 masks");
    expect(SamplerOptionsSchema.safeParse({ maxNewTokens: 1, steps: 1e9 }).success).toBe(false);
  });
});
