import { type ConfidenceName, sampleTokens, tokenDistribution } from "@diffucoder/samplers";
import { compile, float32, type Tensor } from "@diffucoder/tensor";
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
    for (const { temperature, top_p, top_k, probs } of golden.distributions) {
      const settings = { ...(temperature > 0 && { temperature }), ...(top_p !== null && { topP: top_p }) };
      const distribution = compile((x: Tensor, { temperature: t, topP }: { temperature?: Tensor; topP?: Tensor }) => {
        const { probabilities, order } = tokenDistribution(x, { temperature: t, topP, topK: top_k ?? undefined });
        return order === undefined ? { probabilities } : { probabilities, order };
      });
      const { probabilities, order } = await distribution(logits, settings);
      const got = order === undefined ? probabilities.data : inVocabularyOrder(probabilities.data, order.data, golden.logits.shape[1] as number);
      const what = `T ${temperature}${top_p === null ? "" : ` top_p ${top_p}`}${top_k === null ? "" : ` top_k ${top_k}`}`;
      comparisons.push({ what, error: largestError(got, probs.data), tolerance: 1e-5 });
    }
    for (const [name, want] of Object.entries(golden.greedy_confidence)) {
      const greedy = compile((x: Tensor) => ({ ...sampleTokens(x, { confidence: name as ConfidenceName }) }));
      const { tokens, confidence } = await greedy(logits);
      comparisons.push({ what: `${name} tokens`, error: largestError(tokens.data, want.tokens), tolerance: 0 });
      comparisons.push({ what: `${name} confidence`, error: largestError(confidence.data, want.confidence), tolerance: 1e-5 });
    }
    return judge(comparisons);
  },
};

/** Undoes a sort of each row: `order[i]` is the token whose probability stands at `i`. */
function inVocabularyOrder(sorted: ArrayLike<number>, order: ArrayLike<number>, width: number): number[] {
  const result = Array.from<number>({ length: sorted.length }).fill(0);
  for (let i = 0; i < sorted.length; i++) result[i - (i % width) + (order[i] as number)] = sorted[i] as number;
  return result;
}
