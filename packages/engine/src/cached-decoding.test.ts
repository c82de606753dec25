// Caches and samplers over a real transformer: what `samplers` cannot test, since it does not know one.
import { createRandom } from "@diffucoder/core";
import { cachedNetwork, logitsFunction } from "@diffucoder/model";
import {
  auditCache,
  autoregressiveDecoder,
  type CacheOptions,
  createCachedDenoiser,
  createDecodeLoop,
  createDenoiser,
  type DecodeLoop,
  type Decoder,
  type Denoiser,
  dreamDecoder,
  dreamOnDecoder,
  generate,
  type GenerationResult,
  infill,
  lladaDecoder,
  parallelDecoder,
  promptCanvas,
  SamplerOptionsSchema,
  type Segment,
} from "@diffucoder/samplers";
import { add, constant, float32, type Tensor } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { common, config, MASK } from "./small-transformer.fixture.ts";

const exact = createDenoiser({ ...common, logits: logitsFunction(config) });
const cachedWith = (cache: CacheOptions) => createCachedDenoiser({ ...common, network: cachedNetwork(config), cache });

const promptLength = 6;
const maxNewTokens = 12;
const oneByOne = (options: object = {}) =>
  dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens, steps: maxNewTokens, schedule: "even", ...options }));
const threshold = (least: number, blockLength?: number): Decoder => parallelDecoder({ rule: "threshold", threshold: least, blockLength });

const run = (denoiser: Denoiser, decoder: Decoder, promptIds: number[][], options: object = {}): Promise<GenerationResult> =>
  generate({ denoiser, decoder, promptIds, maxNewTokens, promptLength, random: createRandom(1), padTokenId: 0, ...options });
const promptsOf = (lengths: readonly number[]): number[][] => {
  const random = createRandom(lengths.length);
  return lengths.map((length) => Array.from({ length }, () => random.integer(1, MASK)));
};
const batch = promptsOf([6, 3, 5]);
const committed = ({ traces }: GenerationResult) => traces.map(({ steps }) => steps.map(({ positions, tokens }) => [positions, tokens]));

describe("a cache that is refreshed at every step", () => {
  const cached = cachedWith({ kind: "dual", refreshSteps: 1 }); // with any kind, `planRow` always says the whole row

  it("decodes as without a cache, token for token and step for step, whatever the batch", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: promptLength }), { minLength: 1, maxLength: 3 });
    const decoders = fc.constantFrom(threshold(1), threshold(0.2), threshold(1, 5), oneByOne(), oneByOne({ temperature: 1, topP: 0.9, steps: 5 }));
    await fc.assert(
      fc.asyncProperty(lengths, decoders, async (some, decoder) => {
        const prompts = promptsOf(some);
        const [want, got] = [await run(exact, decoder, prompts), await run(cached, decoder, prompts)];
        expect(got.sequences).toEqual(want.sequences);
        expect(committed(got)).toEqual(committed(want));
        expect(got.traces.flatMap(({ steps }) => steps.map(({ cache }) => cache)).every((cache) => cache === "refresh")).toBe(true);
      }),
      { numRuns: 8, seed: 1 },
    );
  });
});

describe("a cache that is not", () => {
  it.each<CacheOptions>([
    { kind: "prefix" },
    { kind: "dual" },
    { kind: "delayed" },
    { kind: "delayed", refreshDrift: 0.05 },
    { kind: "dual", refreshSteps: 3 },
  ])("%j computes fewer tokens, and a row's are the same alone and in any company", async (cache) => {
    const denoiser = cachedWith(cache);
    const decoder = threshold(1, 4);
    const together = await run(denoiser, decoder, batch);
    for (const [row, prompt] of batch.entries()) {
      // In company the rows are numbered otherwise: their streams are not read when greedy.
      const alone = await run(denoiser, decoder, [prompt]);
      expect(alone.sequences[0]).toEqual(together.sequences[row]);
      expect(committed(alone)[0]).toEqual(committed(together)[row]);
    }
    const uncached = await run(exact, decoder, batch);
    expect(together.forwardTokens).toBeLessThan(uncached.forwardTokens);
    const states = together.traces[0]!.steps.map((step) => step.cache);
    expect(states[0]).toBe("refresh");
    expect(states).toContain("window");
  });

  it("recomputes what an end token has turned into padding", async () => {
    const denoiser = cachedWith({ kind: "delayed", refreshSteps: 1000 });
    const options = { eosTokenIds: Array.from({ length: 15 }, (_, id) => id) }; // half of the words end an answer
    const { traces, sequences } = await run(denoiser, oneByOne(), batch, options);
    expect(traces.some(({ steps }) => steps.some(({ filled = [] }) => filled.length > 0))).toBe(true);
    expect(sequences.flat()).not.toContain(MASK);
  });
});

describe("a row of a ragged batch without promptLength", () => {
  const kinds: (CacheOptions | undefined)[] = [
    undefined,
    { kind: "prefix" },
    { kind: "dual", refreshSteps: 3 },
    { kind: "delayed" },
    { kind: "block-causal", blockLength: 3 },
  ];
  // The other decoders share their draws and questions with these, and `decode.test.ts` of samplers tries lengths at random.
  const decoders: [string, Decoder][] = [
    ["greedy", oneByOne()],
    ["origin, drawn", oneByOne({ temperature: 1, alg: "origin", steps: 4 })],
    ["threshold, drawn", parallelDecoder({ rule: "threshold", threshold: 0.9, blockLength: 4, temperature: 1 })],
    ["random remasking, drawn", lladaDecoder({ steps: 4, blockLength: 4, remasking: "random", temperature: 1 })],
  ];

  it.each(kinds.map((kind) => [kind?.kind ?? "no cache", kind] as const))("gets the tokens that it gets alone: %s", async (_, kind) => {
    const denoiser = kind === undefined ? exact : cachedWith(kind);
    const prompts = promptsOf([2, 9]);
    const own = { promptLength: undefined, maxNewTokens: 6 };
    for (const [name, decoder] of decoders) {
      const together = await run(denoiser, decoder, prompts, { ...own, random: createRandom(3) });
      for (const [row, prompt] of prompts.entries()) {
        const alone = await run(denoiser, decoder, [prompt], { ...own, random: [createRandom(3).split("row", row)] });
        expect([name, row, alone.completionIds[0]]).toEqual([name, row, together.completionIds[row]]);
      }
    }
  });

  it("gets them where a hole begins its prompt, and where longer rows are done before it", async () => {
    for (const denoiser of [exact, cachedWith({ kind: "dual" })]) {
      const prompts = [
        [MASK, 4],
        [7, 8, 9, MASK, 3, 2, 5],
      ];
      const own = { promptLength: undefined, maxNewTokens: 6, eosTokenIds: Array.from({ length: 20 }, (_, id) => id) };
      const together = await run(denoiser, threshold(1, 2), prompts, own);
      for (const [row, prompt] of prompts.entries()) {
        const alone = await run(denoiser, threshold(1, 2), [prompt], own);
        expect(alone.completionIds[0]).toEqual(together.completionIds[row]);
      }
    }
  });
});

describe("a decode loop over a cache", () => {
  const kinds: (CacheOptions | undefined)[] = [
    undefined,
    { kind: "prefix" },
    { kind: "dual", refreshSteps: 1 },
    { kind: "delayed" },
    { kind: "block-causal", blockLength: 3 },
  ];
  const decoders: Decoder[] = [
    threshold(1, 4),
    oneByOne({ temperature: 1, topP: 0.9, steps: 4 }),
    parallelDecoder({ rule: "threshold", threshold: 0.5, blockLength: 3, temperature: 1 }),
    lladaDecoder({ steps: 4, blockLength: 4, remasking: "random", temperature: 0.7 }),
  ];
  const rows = [
    { prompt: 2, masks: 6, after: 0, decoder: 0 },
    { prompt: 9, masks: 5, after: 1, decoder: 1 },
    { prompt: 4, masks: 2, after: 2, decoder: 2 },
    { prompt: 12, masks: 6, after: 3, decoder: 3 },
    { prompt: 3, masks: 8, after: 5, decoder: 1 },
  ];

  it.each(kinds.map((kind) => [kind?.kind ?? "no cache", kind] as const))(
    "gives rows that come and go, into slots of others, what they get alone: %s",
    async (_, kind) => {
      const denoiser = kind === undefined ? exact : cachedWith(kind);
      const idsOf = async (loop: DecodeLoop, i: number): Promise<number[]> => {
        const { prompt, masks, decoder } = rows[i]!;
        const canvas = promptCanvas({ promptIds: promptsOf([prompt])[0]!, maxNewTokens: masks, denoiser, padTokenId: 0 });
        for await (const event of loop.add({ canvas, decoder: decoders[decoder]!, random: createRandom(i) })) void event;
        return [...canvas.ids];
      };
      const loop = createDecodeLoop({ denoiser, padTokenId: 0, maxRows: 2 });
      const together = rows.map(async ({ after }, i) => {
        while (loop.stats().forwardPasses < after) await new Promise((resolve) => setTimeout(resolve, 1));
        return idsOf(loop, i);
      });
      const all = await Promise.all(together);
      for (const i of rows.keys()) expect([i, all[i]]).toEqual([i, await idsOf(createDecodeLoop({ denoiser, padTokenId: 0 }), i)]);
    },
  );
});

describe("the exact cache of a block-causal model", () => {
  const blockCausal = (blockLength: number): Denoiser =>
    createDenoiser({ ...common, logits: (parameters, inputs) => logitsFunction(config)(parameters, { ...inputs, attention: { blockLength } }) });

  it.each([1, 3, 6])("with blocks of %i decodes as the network without a cache, at a fraction of the tokens", async (blockLength) => {
    const denoiser = cachedWith({ kind: "block-causal", blockLength });
    for (const decoder of [threshold(1, blockLength), threshold(0.3, blockLength), threshold(1, 4), autoregressiveDecoder()]) {
      const [want, got] = [await run(blockCausal(blockLength), decoder, batch), await run(denoiser, decoder, batch)];
      expect(got.sequences).toEqual(want.sequences);
      expect(committed(got)).toEqual(committed(want));
      expect(got.forwardTokens).toBeLessThan(0.75 * want.forwardTokens);
    }
  });

  it("with blocks of one token computes the prompt once and then one token a step", async () => {
    const { forwardTokens, forwardPasses } = await run(cachedWith({ kind: "block-causal", blockLength: 1 }), autoregressiveDecoder(), [batch[0]!]);
    expect(forwardPasses).toBe(maxNewTokens);
    expect(forwardTokens).toBe(promptLength + maxNewTokens - 1);
  });
});

describe("a cache under rows that change length", () => {
  const [EXPAND, EOS] = [29, 28];
  const variable = dreamOnDecoder({ expandTokenId: EXPAND, eosTokenId: EOS, vocabSize: config.vocabSize, maxNewTokens: 20 });
  /** Holes of a few masks between given tokens, from a seed. */
  const rowsOf = (seed: number): Segment[][] => {
    const stream = createRandom(seed);
    const given = (): number[] => Array.from({ length: stream.integer(1, 5) }, () => stream.integer(1, 20));
    return Array.from({ length: stream.integer(1, 4) }, () => [given(), { masks: stream.integer(1, 6) }, given()]);
  };
  // So that the two are proposed often.
  const likely = float32(Array.from({ length: config.vocabSize }, (_, id) => (id === EXPAND || id === EOS ? 4 : 0)));
  const likelier = { ...common, logitsHook: (logits: Tensor) => add(logits, constant(likely)) };
  const cachedFor = (cache: CacheOptions) => createCachedDenoiser({ ...likelier, network: cachedNetwork(config), cache });
  const fill = (denoiser: Denoiser, seed: number) =>
    infill({ denoiser, decoder: variable, rows: rowsOf(seed), random: createRandom(seed), padTokenId: 0 });
  const lengths = fc.nat(1000);

  it("fills the holes as without a cache, when it is refreshed at every step", async () => {
    const uncached = createDenoiser({ ...likelier, logits: logitsFunction(config) });
    const cached = cachedFor({ kind: "delayed", refreshSteps: 1 });
    let [grown, shrunk] = [0, 0];
    await fc.assert(
      fc.asyncProperty(lengths, async (seed) => {
        const [want, got] = [await fill(uncached, seed), await fill(cached, seed)];
        expect(got.holes).toEqual(want.holes);
        expect(committed(got)).toEqual(committed(want));
        for (const { expanded = [], deleted = [] } of got.traces.flatMap(({ steps }) => steps)) {
          grown += expanded.length;
          shrunk += deleted.length;
        }
      }),
      { numRuns: 4, seed: 3 },
    );
    expect(grown).toBeGreaterThan(0);
    expect(shrunk).toBeGreaterThan(0);
  });

  it("is exact for a block-causal model, and computes fewer tokens", async () => {
    const cached = cachedFor({ kind: "block-causal", blockLength: 1 });
    const causal = createDenoiser({ ...likelier, logits: logitsFunction(config), attention: "causal" });
    await fc.assert(
      fc.asyncProperty(lengths, async (seed) => {
        const [want, got] = [await fill(causal, seed), await fill(cached, seed)];
        expect(got.holes).toEqual(want.holes);
        expect(got.forwardTokens).toBeLessThan(want.forwardTokens);
      }),
      { numRuns: 4, seed: 3 },
    );
  });

  it("ends with every hole filled, a row alone as in company", async () => {
    for (const kind of ["delayed", "dual"] as const) {
      const cached = cachedFor({ kind });
      for (const seed of [7, 8]) {
        const together = await fill(cached, seed);
        expect(together.sequences.flat()).not.toContain(MASK);
        for (const [i, row] of rowsOf(seed).entries()) {
          const random = [createRandom(seed).split("row", i)];
          const alone = await infill({ denoiser: cached, decoder: variable, rows: [row], random, padTokenId: 0 });
          expect(alone.holes[0]).toEqual(together.holes[i]);
        }
      }
    }
  });
});

it("an audit of a cache finds its drift, and none in one that is always refreshed", async () => {
  const options = { decoder: threshold(1, 4), promptIds: batch, maxNewTokens, promptLength, random: createRandom(1), padTokenId: 0 };
  const approximate = await auditCache({ ...options, exact, cached: cachedWith({ kind: "dual" }) });
  const [first, second] = approximate.passes;
  expect(first!.confidence.max).toBeLessThan(1e-5);
  expect(second!.confidence.max).toBeGreaterThan(1e-3);
  const faithful = await auditCache({ ...options, exact, cached: cachedWith({ kind: "dual", refreshSteps: 1 }) });
  expect(Math.max(...faithful.passes.map(({ confidence }) => confidence.max))).toBeLessThan(1e-5);
  expect(faithful.firstDivergentStep).toBeUndefined();
});

it("a cache refuses guidance, and says what to do", async () => {
  const decoder = lladaDecoder({ steps: 2, cfgScale: 1 });
  await expect(run(cachedWith({ kind: "dual" }), decoder, batch)).rejects.toThrow(
    "guidanceScale must be 0 with a K/V cache, got 1. Guide a denoiser without a cache.",
  );
});
