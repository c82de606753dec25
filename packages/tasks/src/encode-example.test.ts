import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "@diffucoder/tokenizer";
import { describe, expect, it } from "vitest";
import { encodeExample } from "./encode-example.ts";

const tokenizer = Tokenizer.fromData(
  trainBpe({ texts: ["def f(xs):\n    return sum(xs)\n"], vocabSize: 270, specialTokens: Object.values(SPECIAL_TOKENS) }),
);

describe("encodeExample", () => {
  it("is the chat template, then the fenced solution, then the end of the turn", () => {
    const { promptIds, completionIds } = encodeExample({ prompt: "Sum xs.", solution: "def f(xs):\n    return sum(xs)\n" }, tokenizer);
    expect(tokenizer.decode(promptIds, { skipSpecial: false })).toBe("<|im_start|>user\nSum xs.<|im_end|>\n<|im_start|>assistant\n");
    expect(tokenizer.decode(completionIds, { skipSpecial: false })).toBe("```python\ndef f(xs):\n    return sum(xs)\n```\n<|im_end|>");
  });
});
