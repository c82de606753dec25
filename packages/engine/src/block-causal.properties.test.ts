// A block-causal model with its cache, the prefixes that outlive rows, and a bound on both: whatever rows come, go, wait and leave, each gets what
// the network gives it alone without any cache.
import { createRandom } from "@diffucoder/core";
import { cachedNetwork, initParameters, logitsFunction } from "@diffucoder/model";
import {
  autoregressiveDecoder,
  bd3lmDecoder,
  createCachedDenoiser,
  createDecodeLoop,
  createDenoiser,
  type Decoder,
  type DecodeLoop,
  type Denoiser,
  fastDllmV2Decoder,
  parallelDecoder,
  PrefixCache,
  promptCanvas,
  sdarDecoder,
  speculativeDecoder,
} from "@diffucoder/samplers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { common, config, MASK, weights } from "./small-transformer.fixture.ts";

const BLOCK = 4;
/** Keys and values of a column: 2 layers, keys and values, 2 heads of 4 numbers. */
const COLUMN_BYTES = 2 * 2 * 2 * 4 * 4;

const blocks = { blockLength: BLOCK };
const decoders: Decoder[] = [
  sdarDecoder({ ...blocks, temperature: 0, threshold: 0.3 }),
  sdarDecoder({ ...blocks, temperature: 0.8, stepsPerBlock: 2, rule: "static" }),
  fastDllmV2Decoder({ ...blocks, subBlockLength: 2, threshold: 0.3, temperature: 1 }),
  bd3lmDecoder({ ...blocks, stepsPerBlock: 2 }),
  parallelDecoder({ rule: "threshold", threshold: 0.3, temperature: 1, topP: 0.9 }),
  autoregressiveDecoder({ temperature: 0.7 }),
  speculativeDecoder({ ...blocks, temperature: 0.7 }),
];

/** The prompt is the first `shared` tokens of a text that all know, then `own` tokens of its own. */
interface Row {
  shared: number;
  own: number;
  masks: number;
  decoder: number;
  /** Passes of the loop before it comes. */
  after: number;
  /** Events after which its reader leaves. @default it stays */
  leaves?: number | undefined;
}

const text = Array.from({ length: 40 }, (_, i) => createRandom(1).split("text", i).integer(1, MASK));
const promptOf = ({ shared, own }: Row, i: number): number[] => [
  ...text.slice(0, shared),
  ...Array.from({ length: own }, (_, j) => createRandom(i).split("own", j).integer(1, MASK)),
];

async function idsOf(loop: DecodeLoop, denoiser: Denoiser, row: Row, i: number): Promise<number[] | undefined> {
  const promptIds = promptOf(row, i);
  const decoder = decoders[row.decoder]!;
  const promptLength = decoder.promptLength?.(promptIds.length);
  const canvas = promptCanvas({ promptIds, promptLength, maxNewTokens: row.masks, denoiser, padTokenId: 0 });
  let events = 0;
  for await (const event of loop.add({ canvas, decoder, random: createRandom(i), eosTokenIds: [7] })) {
    void event;
    if (++events === row.leaves) return undefined;
  }
  return [...canvas.ids];
}

const rows = fc.array(
  fc.record({
    shared: fc.constantFrom(0, 16, 33, 40),
    own: fc.constantFrom(1, 5),
    masks: fc.constantFrom(3, 9),
    decoder: fc.nat(decoders.length - 1),
    after: fc.nat(12),
    leaves: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 4 }),
  }),
  { minLength: 3, maxLength: 5 },
);

describe.each([true, false])("with shift %s", (shift) => {
  const uncached = createDenoiser({ ...common, shift, logits: logitsFunction(config), attention: blocks });
  const alone = new Map<string, number[] | undefined>();
  const wanted = async (row: Row, i: number): Promise<number[] | undefined> => {
    const { after: _, ...own } = row;
    const key = JSON.stringify([own, i]);
    if (!alone.has(key)) alone.set(key, await idsOf(createDecodeLoop({ denoiser: uncached, padTokenId: 0 }), uncached, row, i));
    return alone.get(key);
  };

  it("rows get what they get alone without a cache", async () => {
    const maxBytes = 100 * COLUMN_BYTES;
    const prefixes = new PrefixCache({ maxBytes });
    const options = { ...common, shift, network: cachedNetwork(config), cache: { kind: "block-causal", ...blocks } as const };
    const denoiser = createCachedDenoiser({ ...options, prefixes, maxCacheBytes: 2 * 56 * COLUMN_BYTES });
    await fc.assert(
      fc.asyncProperty(rows, async (all) => {
        const loop = createDecodeLoop({ denoiser, padTokenId: 0, maxRows: 3 });
        const got = await Promise.all(
          all.map(async (row, i) => {
            while (loop.stats().forwardPasses < row.after && loop.stats().running > 0) await new Promise((resolve) => setTimeout(resolve, 1));
            return idsOf(loop, denoiser, row, i);
          }),
        );
        for (const [i, row] of all.entries()) expect([i, got[i]]).toEqual([i, await wanted(row, i)]);
        expect(prefixes.stats().bytes).toBeLessThanOrEqual(maxBytes);
      }),
      { numRuns: 4, seed: 4, endOnFailure: true },
    );
    expect(prefixes.stats().reusedTokens).toBeGreaterThan(0);
  });
});

describe("the second turn", () => {
  it("computes nothing of the first again, but what its last block held", async () => {
    const network = cachedNetwork(config);
    const prefixes = new PrefixCache({ maxBytes: 2 ** 20 });
    const denoiser = createCachedDenoiser({ ...common, shift: false, network, cache: { kind: "block-causal", ...blocks }, prefixes });
    const loop = createDecodeLoop({ denoiser, padTokenId: 0 });
    const turn = async (promptIds: number[]): Promise<{ ids: number[]; forwardTokens: number }> => {
      const before = loop.stats().forwardTokens;
      const canvas = promptCanvas({ promptIds, maxNewTokens: 8, denoiser, padTokenId: 0 });
      for await (const event of loop.add({ canvas, decoder: sdarDecoder({ ...blocks, temperature: 0 }), random: createRandom(0) })) void event;
      return { ids: [...canvas.ids], forwardTokens: loop.stats().forwardTokens - before };
    };
    const first = await turn(text);
    expect(first.forwardTokens).toBeGreaterThan(40);
    const second = await turn([...first.ids, 1, 2, 3, 4]);
    // 40 of the prompt, then the answer's 8 up to a whole chunk of 16; the 4 of the question; 8 new ones in 8 passes, and each block's
    // last tokens with the first pass of the next.
    expect(prefixes.stats()).toMatchObject({ hits: 1, misses: 1, reusedTokens: 32 });
    expect(second.forwardTokens).toBeLessThan(first.forwardTokens - 8);
  });

  it("begins anew with other weights", async () => {
    let parameters = weights;
    const prefixes = new PrefixCache({ maxBytes: 2 ** 20 });
    const options = { ...common, parameters: () => parameters, shift: false };
    const denoiser = createCachedDenoiser({ ...options, network: cachedNetwork(config), cache: { kind: "block-causal", ...blocks }, prefixes });
    const uncached = createDenoiser({ ...options, logits: logitsFunction(config), attention: blocks });
    const row: Row = { shared: 40, own: 1, masks: 5, decoder: 0, after: 0 };
    const ids = (one: Denoiser) => idsOf(createDecodeLoop({ denoiser: one, padTokenId: 0 }), one, row, 0);
    const before = await ids(denoiser);
    parameters = initParameters({ config, random: createRandom(6) });
    expect(await ids(denoiser)).toEqual(await ids(uncached));
    expect(await ids(denoiser)).not.toEqual(before);
    expect(prefixes.stats()).toMatchObject({ hits: 1, misses: 2 });
  });
});

it("the head is computed for masked positions only: sixteen, or as many as twice, four times as many are", async () => {
  const traced: [columns: number, positions: number][] = [];
  const network = cachedNetwork(config);
  const logits: typeof network.logits = (parameters, inputs) => {
    traced.push([inputs.inputIds.shape[1]!, inputs.logitPositions!.shape[0]!]);
    return network.logits(parameters, inputs);
  };
  const cache = { kind: "block-causal", blockLength: 32 } as const;
  const denoiser = createCachedDenoiser({ ...common, shift: false, network: { ...network, logits }, cache });
  const canvas = promptCanvas({ promptIds: text.slice(0, 32), maxNewTokens: 32, denoiser, padTokenId: 0 });
  const decoder = sdarDecoder({ blockLength: 32, stepsPerBlock: 8, temperature: 0, rule: "sequential" });
  const row = createDecodeLoop({ denoiser, padTokenId: 0 }).add({ canvas, decoder, random: createRandom(0) });
  for await (const event of row) void event;
  expect(traced).toEqual([
    [64, 32], // the prompt with the first block
    [32, 32],
    [32, 16],
  ]);
  expect(canvas.ids).not.toContain(MASK);
});

it("a row that never fits is an error at once, and says what to do", () => {
  const denoiser = createCachedDenoiser({
    ...common,
    network: cachedNetwork(config),
    cache: { kind: "block-causal", ...blocks },
    maxCacheBytes: 32 * COLUMN_BYTES,
  });
  const loop = createDecodeLoop({ denoiser, padTokenId: 0 });
  const canvas = promptCanvas({ promptIds: text, maxNewTokens: 4, denoiser, padTokenId: 0 });
  expect(() => loop.add({ canvas, decoder: autoregressiveDecoder() })).toThrow(
    'canvas must be short enough for its keys and values to fit into maxCacheBytes, got "44 tokens with its completion". Shorten the prompt, ask for fewer new tokens, or raise maxCacheBytes.',
  );
});

it("prefixes are not kept of an approximation", () => {
  const prefixes = new PrefixCache({ maxBytes: 1 });
  expect(() => createCachedDenoiser({ ...common, network: cachedNetwork(config), cache: { kind: "dual" }, prefixes })).toThrow(
    'prefixes must be absent with a cache that is an approximation, got {"kind":"dual"}.',
  );
});
