import { type ConfidenceName, sampleTokens, tokenDistribution } from "@diffucoder/samplers";
import { compile, float32, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { type Check, type Comparison, judge, largestError, readGolden } from "./check.ts";

interface SampleTokensGolden {
  logits: { shape: number[]; data: number[] };
  distributions: { temperature: number; top_p: number | null; top_k: number | null; probs: { data: number[] } }[];
  greedy_confidence: Record<ConfidenceName, { confidence: number[]; tokens: number[] }>;
}

/** Distributions after temperature, top-p and top-k, and the confidences of the greedy tokens. */
export const sampleTokensCheck: Check = {
  file: "sample_tokens.json",
  async run(directory) {
    const golden = readGolden<SampleTokensGolden>(directory, "sample_tokens.json");
    const logits = float32(golden.logits.data, golden.logits.shape);
    const comparisons: Comparison[] = [];
    const [rows, words] = golden.logits.shape as [number, number];
    const each = (value: number): NdArray => float32(new Float32Array(rows).fill(value));
    const distribution = compile((x: Tensor, temperature: Tensor, filter?: { topP: Tensor; topK: Tensor }) => {
      const { probabilities, order } = tokenDistribution(x, { temperature, filter });
      return order === undefined ? { probabilities } : { probabilities, order };
    });
    for (const { temperature, top_p, top_k, probs } of golden.distributions) {
      const filter = { topP: each(top_p ?? 1), topK: int32(new Int32Array(rows).fill(top_k ?? words)) };
      const isFiltered = top_p !== null || top_k !== null;
      const { probabilities, order } = await (isFiltered ? distribution(logits, each(temperature), filter) : distribution(logits, each(temperature)));
      const got = order === undefined ? probabilities.data : inVocabularyOrder(probabilities.data, order.data, words);
      const what = `T ${temperature}${top_p === null ? "" : ` top_p ${top_p}`}${top_k === null ? "" : ` top_k ${top_k}`}`;
      comparisons.push({ what, error: largestError(got, probs.data), tolerance: 1e-5 });
    }
    const draw = compile((x: Tensor, temperature: Tensor, uniforms: Tensor) => ({ ...sampleTokens(x, { temperature, uniforms }) }));
    const { tokens, confidence, entropy } = await draw(logits, each(0), each(0));
    for (const [name, want] of Object.entries(golden.greedy_confidence)) {
      const got = name === "entropy" ? (entropy.data as Float32Array).map((value) => -value) : confidence[name as keyof typeof confidence].data;
      comparisons.push({ what: `${name} tokens`, error: largestError(tokens.data, want.tokens), tolerance: 0 });
      comparisons.push({ what: `${name} confidence`, error: largestError(got, want.confidence), tolerance: 1e-5 });
    }
    return judge(comparisons);
  },
};

/** Undoes a sort of each row: `order[i]` is the token whose probability stands at `i`. */
function inVocabularyOrder(sorted: ArrayLike<number>, order: ArrayLike<number>, width: number): number[] {
  const result = Array.from<number>({ length: sorted.length }).fill(0);
  for (let i = 0; i < sorted.length; i++) result[i - (i % width) + order[i]!] = sorted[i]!;
  return result;
}
