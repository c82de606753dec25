import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dreamDecoder } from "./decoders/dream.ts";
import { dreamOnDecoder } from "./decoders/dream-on.ts";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import { infill, type Segment } from "./infill.ts";
import { SamplerOptionsSchema } from "./options.ts";
import { replayTrace } from "./trace.ts";

const [EXPAND, EOS] = [90, 91];
const fixed = dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 2, schedule: "even" }));
const variable = (options: object = {}) => dreamOnDecoder({ expandTokenId: EXPAND, eosTokenId: EOS, vocabSize: 100, ...options });
const fill = (rows: readonly (readonly Segment[])[], propose: Propose, decoder = fixed) =>
  infill({ rows, denoiser: fakeDenoiser(propose), decoder, random: createRandom(0), padTokenId: 0 });
const columns: Propose = (_, column) => ({ token: column + 10, confidence: column / 100 });

describe("infill", () => {
  it("fills several holes of fixed length, in rows of different layouts", async () => {
    const { sequences, holes } = await fill(
      [
        [[1, 2], { masks: 2 }, [3], { masks: 1 }],
        [{ masks: 1 }, [4]],
      ],
      columns,
    );
    expect(sequences).toEqual([
      [1, 2, 12, 13, 3, 15],
      [10, 4],
    ]);
    expect(holes).toEqual([[[12, 13], [15]], [[10]]]);
  });

  it("refuses rows without a hole, empty and adjacent holes, and masks among given tokens", async () => {
    await expect(fill([[[1, 2]]], columns)).rejects.toThrow("rows[0] must be given with a hole to fill, got [[1,2]].");
    await expect(fill([[[1], { masks: 0 }]], columns)).rejects.toThrow('rows[0] must be made of holes with at least one mask, got {"masks":0}.');
    await expect(fill([[{ masks: 1 }, { masks: 1 }]], columns)).rejects.toThrow(
      'rows[0] must be made of holes with given tokens between them, got [{"masks":1},{"masks":1}].',
    );
    await expect(fill([[[1, MASK], { masks: 1 }]], columns)).rejects.toThrow(
      "rows[0] must be without mask tokens of its own: a hole is { masks }, got [1,99].",
    );
    await expect(fill([], columns)).rejects.toThrow("rows must be at least one row, got [].");
  });
});

describe("dreamOnDecoder", () => {
  /** Wants a hole of `size` tokens behind the prompt of one token: expands while it is too small, ends it if it is too large. */
  const wanting =
    (size: number, suffix: number): Propose =>
    (row, column) => {
      const end = row.indexOf(suffix);
      const token = end - 1 < size ? EXPAND : 10 + column;
      return { token: column > size && column < end ? EOS : token, confidence: -column };
    };

  it("expands a mask into two until the hole is large enough, worked by hand", async () => {
    const { sequences, holes, traces } = await fill([[[1], { masks: 1 }, [2]]], wanting(3, 2), variable());
    expect(replayTrace(traces[0]!)).toEqual([
      [1, MASK, MASK, 2],
      [1, MASK, MASK, MASK, 2],
      [1, 11, MASK, MASK, 2],
      [1, 11, 12, MASK, 2],
      [1, 11, 12, 13, 2],
    ]);
    expect(sequences).toEqual([[1, 11, 12, 13, 2]]);
    expect(holes).toEqual([[[11, 12, 13]]]);
  });

  it("closes a hole at an end token, which leaves no trace in the text", async () => {
    const { sequences, holes, forwardPasses } = await fill([[[1], { masks: 6 }, [2]]], wanting(2, 2), variable());
    expect(sequences).toEqual([[1, 11, 12, 2]]);
    expect(holes).toEqual([[[11, 12]]]);
    expect(forwardPasses).toBe(3); // the end token takes four masks with it
  });

  it("closes only the hole of the end token", async () => {
    const propose: Propose = (_, column) => ({ token: column === 1 ? EOS : 10 + column, confidence: -column });
    const { sequences, holes } = await fill([[[1], { masks: 2 }, [2], { masks: 1 }]], propose, variable());
    expect(sequences).toEqual([[1, 2, 12]]);
    expect(holes).toEqual([[[], [12]]]);
  });

  it("does not let a hole grow beyond its room or budget", async () => {
    const insatiable: Propose = (_, column, _uniform, allowed) => ({ token: allowed?.[1] === 0 ? 10 + column : EXPAND, confidence: -column });
    expect((await fill([[[1], { masks: 1 }, [2]]], insatiable, variable({ maxNewTokens: 4 }))).holes).toEqual([[[11, 12, 13, 14]]]);
    expect((await fill([[[1], { masks: 1 }, [2]]], insatiable, variable({ maxNewTokens: 9, expandBudget: 1 }))).holes).toEqual([[[11, 12]]]);
  });

  it("ends, without masks, whatever is proposed, and a row alone is as in a batch", async () => {
    const rowOf = fc.record({ before: fc.integer({ min: 1, max: 4 }), masks: fc.integer({ min: 1, max: 5 }), after: fc.integer({ min: 0, max: 3 }) });
    const propose: Propose = (row, column, uniform, allowed) => {
      const real = row.filter((token) => token !== 0);
      const key = (real.reduce((a, b) => a + b, 0) * 7 + column * 13 + Math.floor(uniform * 100)) % 10;
      const token = key < 3 && allowed?.[1] === 1 ? EXPAND : key === 4 ? EOS : 20 + key;
      return { token, confidence: ((key + column) * 37) % 11 };
    };
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf, { minLength: 1, maxLength: 4 }), fc.nat(1000), async (rows, seed) => {
        const run = (chosen: readonly number[]) =>
          infill({
            rows: chosen.map((i) => {
              const { before, masks, after } = rows[i]!;
              return [Array.from({ length: before }, () => 30), { masks }, ...(after > 0 ? [Array.from({ length: after }, () => 40)] : [])];
            }),
            denoiser: fakeDenoiser(propose),
            decoder: variable({ maxNewTokens: 12, temperature: 1 }),
            random: chosen.map((i) => createRandom(seed).split("row", i)),
            padTokenId: 0,
          });
        const all = await run([...rows.keys()]);
        for (const i of rows.keys()) {
          expect(all.sequences[i]).not.toContain(MASK);
          expect(all.holes[i]![0]!.length).toBeLessThanOrEqual(12);
          expect(replayTrace(all.traces[i]!).at(-1)).toEqual(all.sequences[i]);
          expect((await run([i])).sequences[0]).toEqual(all.sequences[i]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
