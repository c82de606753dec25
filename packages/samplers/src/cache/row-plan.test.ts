import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CacheOptions, CacheOptionsSchema } from "./options.ts";
import { fineLadder, ladder } from "../sizes.ts";
import { newRowMemory, planRow, remember, type RowMemory, type RowPlan, type RowQuestion } from "./row-plan.ts";

const MASK = 99;
const LENGTH = 20;

/** A row with masks in some columns, asked about those of a block; a shifted model. */
function question(masks: readonly number[], block: readonly [number, number] = [0, LENGTH], attentionMask?: Int32Array): RowQuestion {
  const ids = Int32Array.from({ length: LENGTH }, (_, column) => (masks.includes(column) ? MASK : column));
  const asked = masks.filter((column) => column >= block[0] && column < block[1]);
  return { ids, attentionMask, asked, logitColumns: asked.map((column) => Math.max(0, column - 1)), block };
}

/** Plans of one row, pass by pass. */
function plans(options: CacheOptions, questions: readonly RowQuestion[], drifts: readonly number[] = []): { plans: RowPlan[]; memory: RowMemory } {
  const memory = newRowMemory(LENGTH);
  const made = questions.map((one, i) => {
    const plan = planRow(memory, one, options);
    remember(memory, one, plan, { kind: options.kind, drift: drifts[i] ?? 0 });
    return plan;
  });
  return { plans: made, memory };
}

const window = (...columns: number[]) => ({ columns, keepBefore: LENGTH });

describe("planRow", () => {
  const block = [8, 12] as const;
  const passes = [question([8, 9, 10, 11, 15], block), question([9, 10, 11, 15], block), question([11, 15], block)];

  it("recomputes from the column before the block to its end (dual) or to the row's (prefix)", () => {
    expect(plans({ kind: "dual" }, passes).plans).toEqual(["refresh", window(7, 8, 9, 10, 11), window(7, 8, 9, 10, 11)]);
    const suffix = Array.from({ length: 13 }, (_, i) => 7 + i);
    expect(plans({ kind: "prefix" }, passes).plans).toEqual(["refresh", window(...suffix), window(...suffix)]);
  });

  it("recomputes masks, the columns that predict them, and what has just been committed (delayed)", () => {
    // Pass 1: masks 9, 10, 11, their predecessors 8, 9, 10, and 8 committed: four. Pass 2: mask 11, 10 before it, 9 and 10 committed.
    const { plans: made } = plans({ kind: "delayed" }, passes);
    expect(made).toEqual(["refresh", window(8, 9, 10, 11), window(9, 10, 11)]);
  });

  it("computes a new block's row as a whole", () => {
    expect(plans({ kind: "dual" }, [...passes, question([15], [12, 16])]).plans.at(-1)).toBe("refresh");
  });

  it("computes the whole row every refreshSteps passes, and after drift", () => {
    const kinds = (options: CacheOptions, drifts?: number[]) =>
      plans(options, [...passes, question([11, 15], block)], drifts).plans.map((plan) => (plan === "refresh" ? "refresh" : "window"));
    expect(kinds({ kind: "dual", refreshSteps: 1 })).toEqual(["refresh", "refresh", "refresh", "refresh"]);
    expect(kinds({ kind: "dual", refreshSteps: 2 })).toEqual(["refresh", "window", "refresh", "window"]);
    expect(kinds({ kind: "dual", refreshDrift: 0.5 }, [9, 0.4, 0.2, 0])).toEqual(["refresh", "window", "window", "refresh"]);
  });

  it("recomputes tokens that have changed outside the window, and fills the window up with the oldest columns", () => {
    const ended = question([9, 10, 11], block);
    ended.ids[15] = 0; // padding behind an end
    ended.ids[16] = 0;
    // Seven columns: 7 to 11, 15 and 16; eight are computed, and all others are as old: the first.
    expect(plans({ kind: "dual" }, [question([8, 9, 10, 11, 15, 16], block), ended]).plans[1]).toEqual(window(0, 7, 8, 9, 10, 11, 15, 16));
  });

  it("computes the whole row where a window would be nearly that", () => {
    const all = Array.from({ length: 18 }, (_, i) => i + 2);
    expect(plans({ kind: "dual" }, [question(all), question(all.slice(1))]).plans).toEqual(["refresh", "refresh"]);
  });

  it("block-causal: computes a block and what has changed before it, never what lies behind", () => {
    const attentionMask = Int32Array.from({ length: LENGTH }, (_, column) => (column < 2 ? 0 : 1));
    const at = (masks: number[], from: number, to: number) => question(masks, [from, to], attentionMask);
    const later = [12, 13, 14, 15, 16, 17, 18, 19];
    const { plans: made } = plans({ kind: "block-causal", blockLength: 4 }, [
      at([8, 9, 10, 11, ...later], 8, 12),
      at([10, 11, ...later], 8, 12),
      at(later, 12, 16),
      at(later.slice(1), 12, 16),
    ]);
    const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    expect(made).toEqual([
      { columns: numbers(0, 12), keepBefore: 12 }, // ten real columns; two of padding fill up to twelve
      { columns: numbers(8, 12), keepBefore: 12 },
      { columns: numbers(8, 16), keepBefore: 16 }, // the finished block with its last tokens, and the next
      { columns: numbers(12, 16), keepBefore: 16 },
    ]);
  });

  it("block-causal: computes again what lies behind an earlier token that has changed, once it is asked for", () => {
    const edited = (masks: number[], block: [number, number]): RowQuestion => {
      const one = question(masks, block);
      one.ids[1] = 50;
      return one;
    };
    const columns = (made: readonly RowPlan[]) => made.map((plan) => plan !== "refresh" && [plan.columns[0], plan.keepBefore]);
    const { plans: made } = plans({ kind: "block-causal", blockLength: 4 }, [
      question([3, 9, 10, 11], [8, 12]),
      edited([3, 9, 10, 11], [0, 4]), // computes the first block, and nothing is committed
      edited([3, 9, 10, 11], [8, 12]),
    ]);
    expect(columns(made)).toEqual([
      [0, 12],
      [0, 4],
      [4, 12],
    ]);
  });

  it("block-causal: computes a block again from which columns have gone", () => {
    const options: CacheOptions = { kind: "block-causal", blockLength: 4 };
    const upTo = (end: number) =>
      question(
        [9],
        [8, 12],
        Int32Array.from({ length: LENGTH }, (_, column) => (column < end ? 1 : 0)),
      );
    const { plans: made } = plans(options, [upTo(12), upTo(11), upTo(11)]);
    expect(made.map((plan) => plan !== "refresh" && plan.columns.filter((column) => column >= 8 && column < plan.keepBefore))).toEqual([
      [8, 9, 10, 11],
      [8, 9, 10],
      [8],
    ]);
  });

  it("block-causal with blockCache: the sub-block alone, once the block has keys and values and nothing before it is asked", () => {
    const options: CacheOptions = { kind: "block-causal", blockLength: 8, blockCache: true };
    const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const { plans: made } = plans(options, [
      question([9, 10, 11, 12, 13, 14, 15], [8, 12]), // the block has nothing yet
      question([10, 11, 12, 13, 14, 15], [8, 12]),
      question([11, 12, 13, 14, 15], [8, 12]),
      question([12, 13, 14, 15], [12, 16]), // 12 is predicted from 11, in another sub-block
      question([13, 15], [12, 16]),
    ]);
    expect(made).toEqual([
      { columns: numbers(0, 16), keepBefore: 16 },
      { columns: numbers(8, 12), keepBefore: 16 },
      { columns: numbers(8, 12), keepBefore: 16 },
      { columns: numbers(8, 16), keepBefore: 16 },
      { columns: numbers(12, 16), keepBefore: 16 },
    ]);
  });

  it("always computes what is asked and what has changed, in ascending order and in few widths", () => {
    const kinds = fc.constantFrom<CacheOptions>({ kind: "prefix" }, { kind: "dual" }, { kind: "delayed" }, { kind: "block-causal", blockLength: 5 });
    const rows = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: LENGTH - 1 }), { minLength: 1 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(kinds, rows, (options, masks) => {
        const memory = newRowMemory(LENGTH);
        for (const some of masks) {
          const sorted = [...some].sort((a, b) => a - b);
          const one = question(sorted);
          const before = memory.tokens.slice();
          const plan = planRow(memory, one, options);
          remember(memory, one, plan, options);
          if (plan === "refresh") continue;
          const { columns, keepBefore } = plan;
          expect(columns).toEqual([...new Set(columns)].sort((a, b) => a - b));
          for (const column of one.logitColumns) expect(columns).toContain(column);
          for (let column = 0; column < keepBefore; column++) if (before[column] !== one.ids[column]) expect(columns).toContain(column);
          // What the cache holds below keepBefore is computed from the tokens as they are.
          expect([...memory.tokens.subarray(0, keepBefore)]).toEqual([...one.ids.subarray(0, keepBefore)]);
        }
      }),
    );
  });
});

it("ladder gives two sizes for each power of two", () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 24, 25, 33].map(ladder)).toEqual([1, 2, 3, 4, 6, 6, 8, 8, 12, 16, 24, 24, 32, 48]);
});

it("fineLadder gives four beyond 64", () => {
  expect([10, 33, 64, 65, 80, 81, 129, 160, 257, 321].map(fineLadder)).toEqual([12, 48, 64, 80, 80, 96, 160, 160, 320, 384]);
});

it("CacheOptionsSchema refuses what does not belong to a kind", () => {
  expect(CacheOptionsSchema.safeParse({ kind: "block-causal", blockLength: 4, refreshSteps: 2 }).success).toBe(false);
  expect(CacheOptionsSchema.safeParse({ kind: "dual", refreshSteps: 0 }).success).toBe(false);
  expect(CacheOptionsSchema.parse({ kind: "delayed", refreshDrift: 0.2 })).toEqual({ kind: "delayed", refreshDrift: 0.2 });
});
