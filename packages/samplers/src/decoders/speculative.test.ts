// Speculation against the decoders that it must equal, on random models whose answer for a column depends on all that it sees.
import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowedTokens } from "../constraints/allowed-tokens.ts";
import { constrain } from "../constraints/constraint.ts";
import { createDecodeLoop } from "../decode-loop.ts";
import type { Denoiser } from "../denoiser.ts";
import { fakeDenoiser, MASK } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import { promptCanvas } from "../prompt-canvas.ts";
import { autoregressiveDecoder } from "./autoregressive.ts";
import type { Decoder } from "./decoder.ts";
import { followingTokens } from "./prompt-lookup.ts";
import { sdarDecoder } from "./sdar.ts";
import { speculativeDecoder } from "./speculative.ts";

const [PAD, END] = [0, 1];

/** A random model: tokens 1 to `words`, of which a column gets one by what it sees; `blockLength` 1: what stands before it. */
interface Model {
  seed: number;
  words: number;
  blockLength: number;
  temperature: number;
  /** How much a column depends on the tokens right before it rather than on everything: then text repeats itself. */
  habit: number;
}

function hash(...numbers: readonly number[]): number {
  let h = 2166136261;
  for (const number of numbers) h = Math.imul(h ^ (number + 0x9e3779b9), 16777619) ^ (h >>> 13);
  return (h >>> 0) / 2 ** 32;
}

/** `[words]`, the probabilities of the tokens 1, 2, ... in a column. */
function distribution({ seed, words, blockLength, temperature, habit }: Model, row: readonly number[], column: number): number[] {
  const end = blockLength === 1 ? column : (Math.floor(column / blockLength) + 1) * blockLength;
  const [all, last] = [row.slice(0, end), row.slice(Math.max(0, column - 2), column)];
  const logits = Array.from({ length: words }, (_, word) => 4 * (habit * hash(seed, word, ...last) + (1 - habit) * hash(seed, word, column, ...all)));
  const weights = logits.map((logit) => Math.exp((logit - Math.max(...logits)) / Math.max(temperature, 1e-3)));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function denoiserOf(model: Model) {
  return fakeDenoiser((row, column, uniform) => {
    const probabilities = distribution(model, row, column);
    let [word, left] = [0, model.temperature === 0 ? -1 : uniform];
    if (left < 0) word = probabilities.indexOf(Math.max(...probabilities));
    else while (word < model.words - 1 && left >= probabilities[word]!) left -= probabilities[word++]!;
    return { token: word + 1, confidence: probabilities[word]! };
  });
}

const sequentialOf = ({ blockLength, temperature }: Model): Decoder =>
  blockLength === 1 ? autoregressiveDecoder({ temperature }) : sdarDecoder({ rule: "sequential", blockLength, temperature });

async function textOf(denoiser: Denoiser, decoder: Decoder, { prompt, masks = 14, seed = 0 }: { prompt: number[]; masks?: number; seed?: number }) {
  const random = createRandom(seed);
  const { sequences, ends, forwardPasses } = await generate({
    denoiser,
    decoder,
    promptIds: [prompt],
    maxNewTokens: masks,
    random,
    padTokenId: PAD,
    eosTokenIds: [END],
  });
  return { ids: sequences[0]!, end: ends[0], forwardPasses };
}

const model = fc.record<Model>({
  seed: fc.nat(10_000),
  words: fc.integer({ min: 2, max: 6 }),
  blockLength: fc.constantFrom(1, 1, 2, 3, 4, 8),
  temperature: fc.constantFrom(0, 0, 0.5, 1),
  habit: fc.constantFrom(0, 0.5, 0.9, 1),
});
const prompt = fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 9 });

describe("speculativeDecoder", () => {
  it("writes the sequential decoder's text at temperature 0, its own without drafts at every temperature, and never takes more passes", async () => {
    let [fewer, drawn] = [0, 0];
    await fc.assert(
      fc.asyncProperty(model, prompt, fc.integer({ min: 1, max: 9 }), fc.nat(99), async (one, promptIds, draftTokens, seed) => {
        const { blockLength, temperature } = one;
        const options = { prompt: promptIds, seed };
        const run = (decoder: Decoder) => textOf(denoiserOf(one), decoder, options);
        const [fast, slow] = [
          await run(speculativeDecoder({ draftTokens, blockLength, temperature })),
          await run(speculativeDecoder({ draftTokens: 0, blockLength, temperature })),
        ];
        expect([fast.ids, fast.end]).toEqual([slow.ids, slow.end]);
        expect(fast.forwardPasses).toBeLessThanOrEqual(slow.forwardPasses);
        if (fast.forwardPasses < slow.forwardPasses) fewer++;
        if (temperature > 0) drawn++;
        // With a number of its own for each column, the causal one draws what the sequential decoder draws.
        if (temperature > 0 && blockLength > 1) return;
        const sequential = await run(sequentialOf(one));
        expect([slow.ids, slow.end, slow.forwardPasses]).toEqual([sequential.ids, sequential.end, sequential.forwardPasses]);
      }),
      { numRuns: 150, seed: 1 },
    );
    expect(fewer).toBeGreaterThan(50);
    expect(drawn).toBeGreaterThan(50);
  });

  it("fills holes between given tokens as one by one", async () => {
    const holes = [2, MASK, MASK, 4, MASK, 3, 3, MASK, MASK, MASK, 2];
    for (const [blockLength, oneByOne] of [
      [1, autoregressiveDecoder()],
      [4, speculativeDecoder({ blockLength: 4, draftTokens: 0 })],
    ] as const) {
      const one: Model = { seed: 3, words: 5, blockLength, temperature: 0, habit: 0.9 };
      const [fast, slow] = [speculativeDecoder({ blockLength }), oneByOne].map((decoder) => textOf(denoiserOf(one), decoder, { prompt: holes }));
      expect((await fast!).ids).toEqual((await slow!).ids);
      expect((await fast!).forwardPasses).toBeLessThan((await slow!).forwardPasses);
    }
  });

  it("verifies a causal model's drafts in one row, and those of blocks in a version for each number of drafts", async () => {
    // 3 4 5 follow 2 wherever it stands.
    const next = fakeDenoiser((row, column) => ({ token: row[column - 1] === 5 ? 2 : row[column - 1]! + 1, confidence: 1 }));
    const { ids, forwardPasses } = await textOf(next, speculativeDecoder({ blockLength: 1, draftTokens: 4 }), { prompt: [2, 3, 4, 5, 2], masks: 7 });
    expect(ids.slice(5)).toEqual([3, 4, 5, 2, 3, 4, 5]);
    expect(forwardPasses).toBe(3); // three drafts and what follows them, twice; then one that none is left to follow
    expect(next.requests[0]).toMatchObject({ batchSize: 1, inputIds: Int32Array.of(2, 3, 4, 5, 2, 3, 4, 5, MASK, MASK, MASK, MASK) });

    const inBlocks = fakeDenoiser((_, column) => ({ token: 2 + (column % 3), confidence: 1 }));
    await textOf(inBlocks, speculativeDecoder({ blockLength: 4, draftTokens: 2 }), { prompt: [6, 7, 8, 9], masks: 4 });
    const rows = inBlocks.requests.map(({ inputIds, batchSize, length }) =>
      Array.from({ length: batchSize }, (_, row) => [...inputIds.subarray(row * length + 4, (row + 1) * length)]),
    );
    expect(rows).toEqual([
      [[MASK, MASK, MASK, MASK]], // proposes 3 4 2, of which the first is written
      [
        [3, MASK, MASK, MASK],
        [3, 4, MASK, MASK],
        [3, 4, 2, MASK],
      ],
    ]);
  });

  it("writes nothing behind an end token among what it accepts, nor behind a stop string", async () => {
    const ending = fakeDenoiser((_, column) => ({ token: column === 8 ? END : 2 + (column % 2), confidence: 1 }));
    const options = { denoiser: ending, promptIds: [[2, 3, 2, 3, 2]], maxNewTokens: 8, padTokenId: PAD };
    const decoder = speculativeDecoder({ blockLength: 1 });
    const ended = await generate({ ...options, decoder, eosTokenIds: [END] });
    expect(ended.completionIds[0]).toEqual([3, 2, 3, END, PAD, PAD, PAD, PAD]);
    const stopped = await generate({ ...options, decoder, stop: { strings: ["323"], tokenText: String } });
    expect(stopped.completionIds[0]).toEqual([3, 2, 3, PAD, PAD, PAD, PAD, PAD]);
  });

  it("keeps to a constraint as the sequential decoder does", async () => {
    for (const [blockLength, seed] of [
      [1, 1],
      [1, 2],
      [4, 3],
      [4, 4],
    ] as const) {
      const one: Model = { seed, words: 5, blockLength, temperature: 0, habit: 0.9 };
      const base = denoiserOf(one);
      /** The likeliest of the allowed tokens. */
      const denoiser: Denoiser = {
        ...base,
        vocabSize: 100,
        propose: async (request) => {
          const { tokens, ...rest } = await base.propose(request);
          const { allowed, positions, length } = request;
          const seen = new Map<number, number>();
          const held = tokens.map((token, i) => {
            const row = Math.floor(positions[i]! / length);
            const [at, { classOf, classCount, allowed: classes }] = [seen.get(row) ?? 0, allowed![row]!];
            seen.set(row, at + 1);
            const isAllowed = (id: number): boolean => classes[at * classCount + classOf[id]!] === 1;
            return isAllowed(token) ? token : [5, 4, 3, 2].find(isAllowed)!;
          });
          return { tokens: held, ...rest };
        },
      };
      const constraint = allowedTokens({ vocabSize: 100, positions: new Map([1, 2, 5, 9].map((position) => [position, [3, 4]])) });
      const run = (decoder: Decoder) => textOf(denoiser, constrain(decoder, constraint), { prompt: [2, 3, 2, 3] });
      expect((await run(speculativeDecoder({ blockLength }))).ids).toEqual((await run(sequentialOf(one))).ids);
    }
  });

  it("gives rows that come and go in a loop what they get alone", async () => {
    const one: Model = { seed: 5, words: 6, blockLength: 4, temperature: 1, habit: 0.9 };
    const decoders = [3, 0, 1, 5].map((draftTokens) => speculativeDecoder({ blockLength: 4, draftTokens, temperature: 1 }));
    const loop = createDecodeLoop({ denoiser: denoiserOf(one), padTokenId: PAD, maxRows: 2 });
    const rows = decoders.map((decoder, i) => {
      const canvas = promptCanvas({ promptIds: [2, 3, 4 + i], maxNewTokens: 6 + i, denoiser: denoiserOf(one), padTokenId: PAD });
      return { canvas, row: loop.add({ canvas, decoder, random: createRandom(i), eosTokenIds: [END] }) };
    });
    for (const { row } of rows) for await (const _ of row);
    for (const [i, { canvas }] of rows.entries()) {
      const denoiser = denoiserOf(one);
      const own = createDecodeLoop({ denoiser, padTokenId: PAD });
      const alone = promptCanvas({ promptIds: [2, 3, 4 + i], maxNewTokens: 6 + i, denoiser, padTokenId: PAD });
      for await (const _ of own.add({ canvas: alone, decoder: decoders[i]!, random: createRandom(i), eosTokenIds: [END] }));
      expect([...canvas.ids]).toEqual([...alone.ids]);
    }
  });

  it.each([{ draftTokens: 32 }, { draftTokens: -1 }, { draftTokens: 1.5 }])("refuses %j", (options) => {
    expect(() => speculativeDecoder(options)).toThrow("Invalid speculativeDecoder options:\n  - draftTokens: ");
  });
});

describe("the distribution above temperature 0", () => {
  const [RUNS, ROWS, MASKS] = [10, 200, 4];
  /** Pearson's statistic of 2000 texts of four tokens out of three, against the products of the model's own probabilities. */
  async function chiSquare(one: Model, decoder: Decoder): Promise<number> {
    const promptIds = [3, 2, 3, 2];
    const counts = new Map<string, number>();
    for (let run = 0; run < RUNS; run++) {
      const prompts = Array.from({ length: ROWS }, () => promptIds);
      const random = createRandom(run);
      const { completionIds } = await generate({
        denoiser: denoiserOf(one),
        decoder,
        promptIds: prompts,
        maxNewTokens: MASKS,
        random,
        padTokenId: PAD,
      });
      for (const ids of completionIds) counts.set(ids.join(" "), (counts.get(ids.join(" ")) ?? 0) + 1);
    }
    const probabilities = new Map<string, number>();
    const visit = (text: number[], probability: number): void => {
      if (text.length === MASKS) return void probabilities.set(text.join(" "), probability);
      const row = [...promptIds, ...text, ...Array.from({ length: MASKS - text.length }, () => MASK)];
      distribution(one, row, promptIds.length + text.length).forEach((p, word) => visit([...text, word + 1], probability * p));
    };
    visit([], 1);
    expect([...probabilities.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    return [...probabilities].reduce((sum, [text, p]) => sum + ((counts.get(text) ?? 0) - RUNS * ROWS * p) ** 2 / (RUNS * ROWS * p), 0);
  }
  // 81 texts: 80 degrees of freedom, of which one run in a thousand exceeds 124.8.
  const CRITICAL = 124.8;
  const of = (blockLength: number): Model => ({ seed: 8, words: 3, blockLength, temperature: 2, habit: 0.3 });

  it.each([1, 2, 4])("is the model's, with blocks of %d", async (blockLength) => {
    expect(await chiSquare(of(blockLength), speculativeDecoder({ blockLength, temperature: 2, draftTokens: 3 }))).toBeLessThan(CRITICAL);
  });

  it("would not be if drafts of a block were verified in one row, where the columns before them see them", async () => {
    expect(await chiSquare(of(4), speculativeDecoder({ blockLength: 1, temperature: 2, draftTokens: 3 }))).toBeGreaterThan(2 * CRITICAL);
  });
});

describe("followingTokens", () => {
  const following = (text: number[], count = 3): number[] => [...followingTokens(Int32Array.from(text), count)];

  it("is what followed the longest earlier occurrence of the last tokens, the last of equally long ones", () => {
    expect(following([1, 2, 3, 9, 2, 3, 4, 1, 2, 3])).toEqual([9, 2, 3]);
    expect(following([5, 3, 7, 4, 3, 8, 6, 3])).toEqual([8, 6, 3]);
    expect(following([7, 7, 7])).toEqual([7]);
    expect(following([1, 2, 3])).toEqual([]);
    expect(following([], 3)).toEqual([]);
    expect(following([1, 2, 1], 0)).toEqual([]);
  });
});
