import { createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { type Executor, float32, mul, onnxExecutor, reshape, take, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "./create-denoiser.ts";
import type { DrawOptions } from "./denoiser.ts";

// The logits after word w are row w of a table.
const VOCAB = 6;
const random = createRandom(4);
const parameters = {
  table: float32(
    Array.from({ length: VOCAB * VOCAB }, () => 2 * random.normal()),
    [VOCAB, VOCAB],
  ),
};
const logits: LogitsFunction = ({ table }, { inputIds, logitPositions }) => {
  const rows = reshape(take(table!, inputIds), [inputIds.shape.reduce((a, b) => a * b, 1), VOCAB]);
  return logitPositions === undefined ? rows : take(rows, logitPositions);
};
const denoiserWith = (forbiddenIds: number[] = []) =>
  createDenoiser({ logits, parameters: () => parameters, maskTokenId: 5, vocabSize: VOCAB, forbiddenIds });
const inputs = { inputIds: Int32Array.from([0, 1, 2, 3, 4, 5, 0, 1]), batchSize: 2, length: 4 };
const draws = (draw: Partial<DrawOptions> = {}) => [0, 1].map((): DrawOptions => ({ temperature: 0, confidence: "maskgit_plus", ...draw }));
const request = { ...inputs, draws: draws() };

function bestAfter(word: number, forbidden: readonly number[] = []): number {
  const row = Array.from(parameters.table.data.subarray(word * VOCAB, (word + 1) * VOCAB)).map((value, token) =>
    forbidden.includes(token) ? -Infinity : value,
  );
  return row.indexOf(Math.max(...row));
}

describe("createDenoiser", () => {
  it("predicts a position from the one before it, and a row's first from itself", async () => {
    const { tokens } = await denoiserWith().propose({ ...request, positions: Int32Array.from([0, 1, 3, 4, 6]) });
    expect([...tokens]).toEqual([0, 0, 2, 4, 5].map((word) => bestAfter(word)));
  });

  it("proposes the same for a position whichever others are asked for", async () => {
    const denoiser = denoiserWith();
    const all = await denoiser.propose({ ...request, positions: Int32Array.from({ length: 8 }, (_, i) => i) });
    for (let count = 1; count <= 8; count++) {
      const some = await denoiser.propose({ ...request, positions: Int32Array.from({ length: count }, (_, i) => 8 - count + i) });
      expect([...some.tokens]).toEqual(Array.from(all.tokens.subarray(8 - count)));
      expect([...some.confidence]).toBeAllclose(Array.from(all.confidence.subarray(8 - count)), { atol: 1e-6 });
    }
  });

  it("proposes with frozen parameters what it proposes with others", async () => {
    const positions = Int32Array.from([1, 2, 6]);
    const frozen = createDenoiser({ logits, parameters: () => parameters, frozen: true, maskTokenId: 5, vocabSize: VOCAB });
    const [ours, plain] = [await frozen.propose({ ...request, positions }), await denoiserWith().propose({ ...request, positions })];
    expect([...ours.tokens]).toEqual([...plain.tokens]);
    expect([...ours.confidence]).toBeAllclose([...plain.confidence], { atol: 1e-6 });
    frozen.dispose();
  });

  it.each([10, 1000])("gets twenty bytes for each position, of a vocabulary of %i", async (vocabSize) => {
    const crossed: number[] = [];
    const { name, prepare } = await onnxExecutor();
    const executor: Executor = {
      name,
      prepare: async (graph) => {
        const plan = await prepare(graph);
        const run: typeof plan.run = async (inputs) => {
          const outputs = await plan.run(inputs);
          crossed.push(...[inputs, outputs].map((arrays) => arrays.reduce((sum, { data }) => sum + data.byteLength, 0)));
          return outputs;
        };
        return { ...plan, run };
      },
    };
    const table = float32(new Float32Array(vocabSize * vocabSize), [vocabSize, vocabSize]);
    const denoiser = createDenoiser({
      logits: ({ table: rows }, { inputIds, logitPositions }) => take(take(rows!, reshape(inputIds, [-1])), logitPositions!),
      parameters: () => ({ table }),
      frozen: true,
      maskTokenId: 5,
      vocabSize,
      executor,
    });
    const uniforms = new Float32Array(8).fill(0.5);
    await denoiser.propose({
      ...request,
      positions: Int32Array.from({ length: 8 }, (_, i) => i),
      draws: draws({ temperature: 1, topP: 0.9 }),
      uniforms,
    });
    // In: ids, mask and places of 2 rows of 8 columns; position, uniform number, temperature, top-p and top-k of 8 positions.
    // Out: token, three confidences and entropy of each.
    expect(crossed).toEqual([4 * (3 * 16 + 5 * 8), 20 * 8]);
    denoiser.dispose();
  });

  it("never proposes a forbidden id, greedily or not", async () => {
    const forbidden = [bestAfter(0), 5];
    const denoiser = denoiserWith(forbidden);
    const positions = Int32Array.from([1, 1, 1, 1]);
    expect([...(await denoiser.propose({ ...request, positions })).tokens]).toEqual([0, 0, 0, 0].map((word) => bestAfter(word, forbidden)));
    const drawn = await denoiser.propose({
      ...request,
      positions,
      draws: draws({ temperature: 5 }),
      uniforms: Float32Array.from([0, 0.3, 0.6, 0.999]),
    });
    for (const token of drawn.tokens) expect(forbidden).not.toContain(token);
  });

  it("wants one uniform number for each position, and ids inside the vocabulary", async () => {
    await expect(
      denoiserWith().propose({
        ...request,
        positions: Int32Array.from([1, 2]),
        draws: draws({ temperature: 1 }),
        uniforms: Float32Array.from([0.5]),
      }),
    ).rejects.toThrow("uniforms must be 2 numbers, one for each position, got Float32Array(1).");
    expect(() => denoiserWith([VOCAB])).toThrow("forbiddenIds must be ids below 6, got 6.");
  });
});

describe("createDenoiser's options", () => {
  const positions = Int32Array.from([1, 2]);

  it("without a shift predict a position from itself", async () => {
    const denoiser = createDenoiser({ logits, parameters: () => parameters, maskTokenId: 5, vocabSize: VOCAB, shift: false });
    expect([...(await denoiser.propose({ ...request, positions })).tokens]).toEqual([1, 2].map((word) => bestAfter(word)));
  });

  it("allow each position its own classes of tokens", async () => {
    // Classes: even and odd tokens. The first position may get even ones, the second odd ones.
    const allowed = { classOf: Int32Array.from({ length: VOCAB }, (_, id) => id % 2), classCount: 2, allowed: Uint8Array.from([1, 0, 0, 1]) };
    const { tokens } = await denoiserWith().propose({ ...request, positions, allowed: [allowed, undefined] });
    expect([...tokens]).toEqual([bestAfter(0, [1, 3, 5]), bestAfter(1, [0, 2, 4])]);
  });

  it("guide away from what the masked prompt predicts: u + (w + 1) (c - u)", async () => {
    const unconditionalIds = Int32Array.from([5, 5, 2, 3, 5, 5, 0, 1]);
    const { tokens, forwardTokens } = await denoiserWith().propose({ ...request, positions, draws: draws({ guidanceScale: 1.5 }), unconditionalIds });
    const row = (word: number) => parameters.table.data.subarray(word * VOCAB, (word + 1) * VOCAB);
    const best = (given: number, without: number) => {
      const guided = Array.from(row(given), (c, i) => row(without)[i]! + 2.5 * (c - row(without)[i]!));
      return guided.indexOf(Math.max(...guided));
    };
    expect([...tokens]).toEqual([best(0, 5), best(1, 5)]);
    expect(forwardTokens).toBe(4 * 8);
    await expect(denoiserWith().propose({ ...request, positions, draws: draws({ guidanceScale: 1 }) })).rejects.toThrow(
      "unconditionalIds must be 8 ids, as guidanceScale is above 0, got undefined.",
    );
  });

  it("guide a network that rules tokens out with minus infinity, and pass NaN on", async () => {
    const unconditionalIds = Int32Array.from([5, 5, 2, 3, 5, 5, 0, 1]);
    const guided = async (value: number) => {
      const table = parameters.table.clone();
      for (let word = 0; word < VOCAB; word++) table.data[word * VOCAB] = value;
      const denoiser = createDenoiser({ logits, parameters: () => ({ table }), maskTokenId: 5, vocabSize: VOCAB });
      return denoiser.propose({ ...request, positions, draws: draws({ guidanceScale: 1.5 }), unconditionalIds });
    };
    expect(await guided(-Infinity)).toEqual(await guided(-1e30));
    expect([...(await guided(-Infinity)).tokens]).not.toContain(0);
    expect((await guided(Number.NaN)).confidence[0]).toBeNaN();
  });

  it("let a hook change the logits before anything is drawn", async () => {
    const logitsHook = (x: Tensor) => mul(x, -1);
    const denoiser = createDenoiser({ logits, parameters: () => parameters, maskTokenId: 5, vocabSize: VOCAB, logitsHook });
    const least = (word: number) => {
      const row = Array.from(parameters.table.data.subarray(word * VOCAB, (word + 1) * VOCAB));
      return row.indexOf(Math.min(...row));
    };
    expect([...(await denoiser.propose({ ...request, positions })).tokens]).toEqual([least(0), least(1)]);
  });

  it("refuse a model without a mask token", () => {
    expect(() => createDenoiser({ logits, parameters: () => parameters, maskTokenId: -1, vocabSize: VOCAB })).toThrow(
      "maskTokenId must be an id below 6, got -1. A model without a mask token cannot denoise: is it an autoregressive one?",
    );
  });

  it("pass NaN on instead of drawing from it", async () => {
    const broken = { table: float32(new Float32Array(VOCAB * VOCAB).fill(Number.NaN), [VOCAB, VOCAB]) };
    const denoiser = createDenoiser({ logits, parameters: () => broken, maskTokenId: 5, vocabSize: VOCAB });
    for (const confidence of ["maskgit_plus", "topk_margin", "entropy", "low_confidence"] as const) {
      expect((await denoiser.propose({ ...request, positions, draws: draws({ confidence }) })).confidence[0]).toBeNaN();
    }
  });
});

describe("temperatures at the ends", () => {
  const positions = Int32Array.from([0, 1, 2, 6]);
  const uniforms = Float32Array.from([0, 0.4, 0.9, 0.99999]);
  const drawn = (temperature: number, more: object = {}, forbiddenIds: number[] = []) =>
    denoiserWith(forbiddenIds).propose({ ...request, positions, uniforms, draws: draws({ temperature, ...more }) });

  it.each([1e-6, 1e-40, 1e-310, Number.MIN_VALUE])("%s is greedy", async (temperature) => {
    const [cold, greedy] = [await drawn(temperature), await denoiserWith().propose({ ...request, positions })];
    expect(cold).toEqual(greedy);
  });

  it.each([1e-5, 1e-4])("%s draws the likeliest token, with confidence 1", async (temperature) => {
    const { tokens, confidence } = await drawn(temperature);
    expect([...tokens]).toEqual([0, 0, 1, 5].map((word) => bestAfter(word)));
    expect([...confidence]).toBeAllclose([1, 1, 1, 1], { atol: 1e-6 });
  });

  it.each([1e7, 1e30, 1e300])("%s draws evenly, and never what is forbidden", async (temperature) => {
    const { tokens, confidence } = await drawn(temperature, {}, [0, 5]);
    expect([...tokens]).toEqual([1, 2, 4, 4]);
    expect([...confidence]).toBeAllclose([0.25, 0.25, 0.25, 0.25], { atol: 1e-4 });
  });

  it.each([1e-40, 1e-310])("top-p %s keeps the likeliest token", async (topP) => {
    expect([...(await drawn(1, { topP })).tokens]).toEqual([0, 0, 1, 5].map((word) => bestAfter(word)));
  });

  it("below 0 or no number is an error", async () => {
    await expect(drawn(-1)).rejects.toThrow("temperature must be a number of at least 0, got -1.");
    await expect(drawn(Number.NaN)).rejects.toThrow("temperature must be a number of at least 0, got NaN.");
  });
});

it("refuses ids that are not of the vocabulary, which the network would count from its end", async () => {
  const positions = Int32Array.from([1]);
  for (const bad of [-2, 6]) {
    const inputIds = request.inputIds.slice().fill(bad, 3, 4);
    await expect(denoiserWith().propose({ ...request, inputIds, positions })).rejects.toThrow(
      `inputIds[3] must be a token id, an integer from 0 to 5, got ${bad}.`,
    );
  }
  expect(() => denoiserWith([0, 1, 2, 3, 4, 5])).toThrow('forbiddenIds must be some of the vocabulary, got "all 6 ids".');
});
