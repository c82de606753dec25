import { createRandom } from "@diffucoder/core";
import type { KeyValueCache, WindowLogitsInputs } from "@diffucoder/diffusion";
import { type ArgumentOf, bool, compile, type CompiledFunction, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyCache, forward, positionIdsFromMask, windowForward } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

const { vocabSize } = smallConfig;
const parameters = smallParameters();
type Arrays = Omit<WindowLogitsInputs, "cache" | "length">;

/** A window pass over a cache of `length` columns, compiled once for each combination of inputs. */
function windowPasses(
  length: number,
  measuresDrift = false,
): CompiledFunction<
  [Record<string, Tensor>, KeyValueCache<Tensor>, Arrays],
  { logits: Tensor; cache: { keys: Tensor[]; values: Tensor[] }; drift?: Tensor }
> {
  return compile(
    (weights: Record<string, Tensor>, cache: KeyValueCache<Tensor>, inputs: Arrays) => {
      const { drift, ...result } = windowForward(smallConfig, weights, { ...inputs, cache, length });
      return measuresDrift ? { ...result, drift } : result;
    },
    { donate: [1] },
  );
}

const uncached = compile(
  (weights: Record<string, Tensor>, inputs: { inputIds: Tensor; attentionMask?: Tensor; positionIds?: Tensor; attention?: Tensor }) => ({
    logits: forward(smallConfig, weights, inputs),
  }),
);
const length = 6;
const pass = windowPasses(length);
const run = (cache: KeyValueCache<NdArray>, inputs: ArgumentOf<Arrays>) => pass(parameters, cache, inputs);
const logitsOf = async (inputs: Parameters<typeof uncached>[1]): Promise<NdArray> => (await uncached(parameters, inputs)).logits;

const ids = int32([1, 5, 12, 3, 7, 2, 9, 12, 4, 0, 6, 8], [2, length]);
const at = (logits: NdArray, i: number): number[] => Array.from(logits.data.slice(i * vocabSize, (i + 1) * vocabSize));
const exact = { atol: 2e-5 };

describe("a window pass", () => {
  it("gives what forward gives when the window is everything, in any order", async () => {
    const want = await logitsOf({ inputIds: ids });
    const whole = await run(emptyCache(smallConfig, { rows: 2, length }), { inputIds: ids });
    expect(whole.logits.shape).toEqual([2, length, vocabSize]);
    expect(whole.logits.data).toBeAllclose(want.data, exact);

    const columns = [5, 4, 3, 2, 1, 0, 2, 0, 4, 1, 3, 5];
    const shuffled = await run(emptyCache(smallConfig, { rows: 2, length }), {
      inputIds: int32(
        columns.map((column, i) => ids.data[Math.floor(i / length) * length + column]!),
        [2, length],
      ),
      columns: int32(columns, [2, length]),
    });
    columns.forEach((column, i) => expect(at(shuffled.logits, i)).toBeAllclose(at(want, Math.floor(i / length) * length + column), exact));
  });

  it("gives what forward gives with heads of their own width, whose queries and keys are normed", async () => {
    const config = { ...smallConfig, queryKeyNorm: true, headSize: 6 };
    const both = compile((weights: Record<string, Tensor>, cache: KeyValueCache<Tensor>, inputIds: Tensor) => ({
      window: windowForward(config, weights, { inputIds, cache, length }).logits,
      whole: forward(config, weights, { inputIds }),
    }));
    const { window, whole } = await both(smallParameters(config), emptyCache(config, { rows: 2, length }), ids);
    expect(window.data).toBeAllclose(whole.data, exact);
  });

  it("gives what forward gives where nothing outside it has changed, and after a refresh where something has", async () => {
    const { cache } = await run(emptyCache(smallConfig, { rows: 2, length }), { inputIds: ids });
    const changed = int32([1, 5, 10, 3, 7, 2, 9, 12, 4, 11, 6, 8], [2, length]); // column 2 of row 0, column 3 of row 1
    const want = await logitsOf({ inputIds: changed });
    // The logits are exact for the changed token of the first layer alone: deeper keys outside the window are older.
    const window = { inputIds: int32([10, 3, 4, 11], [2, 2]), columns: int32([2, 3, 2, 3], [2, 2]) };
    const stale = await run(cache, window);
    expect(at(stale.logits, 0)).not.toBeAllclose(at(want, 2), { atol: 1e-4 });

    const refreshed = await run(stale.cache, { inputIds: changed });
    const again = await run(refreshed.cache, window);
    [2, 3, 8, 9].forEach((position, i) => expect(at(again.logits, i)).toBeAllclose(at(want, position), exact));
  });

  it("keeps the shift exact: the window asks for the logits of the column before it", async () => {
    const { cache } = await run(emptyCache(smallConfig, { rows: 2, length }), { inputIds: ids });
    const window = { inputIds: int32([5, 12, 3, 4, 0, 6], [2, 3]), columns: int32([1, 2, 3, 2, 3, 4], [2, 3]), logitPositions: int32([0, 3]) };
    const { logits } = await run(cache, window); // predicts column 2 of row 0, column 3 of row 1
    const want = await logitsOf({ inputIds: ids });
    expect(logits.shape).toEqual([2, vocabSize]);
    expect(logits.data).toBeAllclose([...at(want, 1), ...at(want, 8)], exact);
  });

  it("serves some rows of a larger cache, and a column that fills up a window", async () => {
    const rows = int32([2, 0]);
    const { cache } = await run(emptyCache(smallConfig, { rows: 3, length }), { inputIds: ids, rows });
    const { logits } = await run(cache, { inputIds: int32([3, 7, 7, 12, 4, 4], [2, 3]), columns: int32([3, 4, 4, 1, 2, 2], [2, 3]), rows });
    const want = await logitsOf({ inputIds: ids });
    [3, 4, 4, 7, 8, 8].forEach((position, i) => expect(at(logits, i)).toBeAllclose(at(want, position), exact));
    // The other row of the cache was not touched.
    const untouched = await run(emptyCache(smallConfig, { rows: 3, length }), { inputIds: ids, rows });
    const heads = smallConfig.numKeyValueHeads * length * 4;
    expect(untouched.cache.keys[0]!.data.slice(heads, 2 * heads).every((value) => value === 0)).toBe(true);
  });

  it("does not see padding", async () => {
    const attentionMask = int32([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [2, length]);
    const positionIds = positionIdsFromMask(attentionMask);
    const want = await logitsOf({ inputIds: ids, attentionMask, positionIds });
    const { cache, logits } = await run(emptyCache(smallConfig, { rows: 2, length }), { inputIds: ids, attentionMask, positionIds });
    for (const position of [2, 3, 4, 5, 6, 11]) expect(at(logits, position)).toBeAllclose(at(want, position), exact);
    const window = await run(cache, {
      inputIds: int32([0, 7, 4, 0], [2, 2]), // a column of padding is computed, and its logits mean nothing
      columns: int32([1, 4, 2, 3], [2, 2]),
      positionIds: int32([1, 2, 2, 3], [2, 2]),
      attentionMask,
    });
    [4, 8, 9].forEach((position, i) => expect(at(window.logits, i + 1)).toBeAllclose(at(want, position), exact));
  });

  it("is exact for block-causal attention, block by block, independent of later columns", async () => {
    const blockOf = fc.uniqueArray(fc.integer({ min: 1, max: length - 1 }), { maxLength: length - 1 });
    await fc.assert(
      fc.asyncProperty(blockOf, fc.nat(1000), async (cuts, seed) => {
        const ends = [...cuts.sort((a, b) => a - b), length];
        const endOf = (column: number): number => ends.find((end) => column < end) as number;
        const seen = Array.from({ length: length * length }, (_, i) => (i % length < endOf(Math.floor(i / length)) ? 1 : 0));
        const random = createRandom(seed);
        const tokens = Array.from({ length }, () => random.integer(0, vocabSize));
        const want = await logitsOf({ inputIds: int32(tokens, [1, length]), attention: bool(seen, [length, length]) });
        // The cache starts with the keys and values of other tokens.
        let { cache } = await run(emptyCache(smallConfig, { rows: 1, length }), { inputIds: int32(Array(length).fill(12), [1, length]) });
        for (const [i, end] of ends.entries()) {
          const columns = Array.from({ length: end - (ends[i - 1] ?? 0) }, (_, column) => (ends[i - 1] ?? 0) + column);
          const result = await run(cache, {
            inputIds: int32(
              columns.map((column) => tokens[column]!),
              [1, columns.length],
            ),
            columns: int32(columns, [1, columns.length]),
            visible: int32(columns.map(endOf), [1, columns.length]),
          });
          cache = result.cache;
          columns.forEach((column, j) => expect(at(result.logits, j)).toBeAllclose(at(want, column), exact));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("tells how far its tokens moved: not at all if nothing changed, all the way from nothing", async () => {
    const measured = windowPasses(length, true);
    const window = { inputIds: int32([3, 7, 4, 0], [2, 2]), columns: int32([3, 4, 2, 3], [2, 2]) };
    const first = await measured(parameters, emptyCache(smallConfig, { rows: 2, length }), { inputIds: ids });
    expect(first.drift!.data).toBeAllclose(Array(2 * length).fill(1));
    const same = await measured(parameters, first.cache, window);
    expect(same.drift!.data).toBeAllclose([0, 0, 0, 0], { atol: 1e-5 });
    // Row 0 has another token in column 0, and its neighbours feel it; row 1 has not.
    const changed = await measured(parameters, same.cache, {
      inputIds: int32([8, 3, 7, 12, 4, 0], [2, 3]),
      columns: int32([0, 3, 4, 1, 2, 3], [2, 3]),
    });
    const [own, neighbour, , ...unmoved] = changed.drift!.data;
    expect(own).toBeGreaterThan(0.1);
    expect(neighbour).toBeGreaterThan(1e-3);
    expect(unmoved).toBeAllclose([0, 0, 0], { atol: 1e-5 });
  });

  it("updates a donated cache in place", async () => {
    const cache = emptyCache(smallConfig, { rows: 2, length });
    const before = [...cache.keys, ...cache.values].map(({ data }) => data.buffer);
    const first = await run(cache, { inputIds: ids });
    const second = await run(first.cache, { inputIds: int32([3, 7, 4, 0], [2, 2]), columns: int32([3, 4, 2, 3], [2, 2]) });
    const after = [...second.cache.keys, ...second.cache.values].map(({ data }) => data.buffer);
    after.forEach((buffer, i) => expect(buffer).toBe(before[i]));
  });

  it("names the input that does not fit", async () => {
    const cache = emptyCache(smallConfig, { rows: 2, length });
    await expect(run(cache, { inputIds: int32([1, 2], [1, 2]) })).rejects.toThrow(
      "inputIds has shape [1, 2], expected [1, 6], all columns, or columns.",
    );
    await expect(run(cache, { inputIds: ids, visible: int32([6]) })).rejects.toThrow("visible has shape [1], expected [2, 6], as inputIds.");
    await expect(run(cache, { inputIds: ids, rows: int32([1]) })).rejects.toThrow("rows has shape [1], expected [2], one for each row of inputIds.");
    await expect(run(cache, { inputIds: ids, attentionMask: int32([1]) })).rejects.toThrow(
      "attentionMask has shape [1], expected [2, 6], rows and columns.",
    );
    await expect(run(emptyCache(smallConfig, { rows: 1, length }), { inputIds: ids })).rejects.toThrow(
      "cache.keys has shape [12, 4], expected [R * 12, 4] with at least 2 rows R of 6 columns.",
    );
    await expect(run({ keys: [], values: [] }, { inputIds: ids })).rejects.toThrow(
      "cache.keys has shape [0], expected a tensor for each of 2 layers.",
    );
  });
});
