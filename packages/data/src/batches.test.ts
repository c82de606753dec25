import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "@diffucoder/tokenizer";
import { describe, expect, it } from "vitest";
import { encodeExample, exampleBatches, layOutRows } from "./batches.ts";
import { exampleStream } from "./tiny-code/tasks.ts";

const tokenizer = Tokenizer.fromData(
  trainBpe({ texts: ["def f(xs):\n    return sum(xs)\n"], vocabSize: 270, specialTokens: Object.values(SPECIAL_TOKENS) }),
);
const layout = { promptLength: 4, completionLength: 3, padTokenId: 0 };

describe("layOutRows", () => {
  it("ends prompts at one column and pads both sides, worked by hand", () => {
    const batch = layOutRows(
      [
        { promptIds: [5, 6], completionIds: [7, 8, 9] },
        { promptIds: [1, 2, 3, 4], completionIds: [7] },
      ],
      layout,
    );
    expect([...batch.inputIds]).toEqual([0, 0, 5, 6, 7, 8, 9, 1, 2, 3, 4, 7, 0, 0]);
    expect([...batch.attentionMask]).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]); // padding behind the end is part of the canvas
    expect([...batch.completionMask]).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0]);
    expect(batch).toMatchObject({ batchSize: 2, sequenceLength: 7, promptLength: 4 });
  });

  it("refuses a row that does not fit, naming it", () => {
    expect(() => layOutRows([{ promptIds: [1], completionIds: [1, 2, 3, 4] }], layout)).toThrow(/Row 0 has 1 prompt and 4 completion tokens/);
  });
});

describe("encodeExample", () => {
  it("is the chat template, then the fenced solution, then the end of the turn", () => {
    const { promptIds, completionIds } = encodeExample({ prompt: "Sum xs.", solution: "def f(xs):\n    return sum(xs)\n" }, tokenizer);
    expect(tokenizer.decode(promptIds, { skipSpecial: false })).toBe("<|im_start|>user\nSum xs.<|im_end|>\n<|im_start|>assistant\n");
    expect(tokenizer.decode(completionIds, { skipSpecial: false })).toBe("```python\ndef f(xs):\n    return sum(xs)\n```\n<|im_end|>");
  });
});

describe("exampleBatches", () => {
  const batches = (batchSize: number) =>
    exampleBatches({
      example: exampleStream({ tiers: { 1: 1, 2: 1 }, seed: 1 }),
      tokenizer,
      batchSize,
      layout: { promptLength: 80, completionLength: 100, padTokenId: tokenizer.special.endOfText },
    });

  it("is a function of the step: asked again, or out of order, it gives the same", () => {
    const batch = batches(3);
    const first = batch(5);
    batch(6);
    expect(batch(5)).toEqual(first);
    expect(batches(3)(5)).toEqual(first);
    expect(batch(4)).not.toEqual(first);
  });

  it("gives every example once", () => {
    const rows = (batch: ReturnType<ReturnType<typeof batches>>): string[] =>
      Array.from({ length: batch.batchSize }, (_, row) => batch.inputIds.slice(row * batch.sequenceLength, (row + 1) * batch.sequenceLength).join());
    const [small, large] = [batches(2), batches(4)];
    expect([...rows(small(0)), ...rows(small(1))]).toEqual(rows(large(0)));
  });

  it("gives up on a layout that nothing fits", () => {
    const batch = exampleBatches({ example: exampleStream({ tiers: { 1: 1 }, seed: 1 }), tokenizer, batchSize: 1, layout });
    expect(() => batch(0)).toThrow("Of 100 examples none fits 4 prompt and 3 completion tokens");
  });
});
