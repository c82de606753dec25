import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { SPECIAL_TOKENS } from "@diffucoder/tokenizer";
import { afterAll, describe, expect, it } from "vitest";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const { tokenizer, logits, parameters } = coder;
const mask = coder.denoiser.maskTokenId;
const forward = compile((weights: Record<string, Tensor>, { inputIds }: { inputIds: Tensor }) => logits(weights, { inputIds }), { name: "forward" });

/** The log-probability of each token at a column, from the logits of one row by themselves. */
async function logProbabilities(ids: readonly number[], column: number): Promise<number[]> {
  const { data, shape } = await forward(parameters, { inputIds: int32(Int32Array.from(ids), [1, ids.length]) });
  const size = shape.at(-1)!;
  const row = Array.from(data.subarray((column - 1) * size, column * size), (x, id) => (id === mask || !tokenizer.hasToken(id) ? -Infinity : x));
  const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
  return row.map((x) => x - total);
}

describe("scoreLabels", () => {
  const [prefix, suffix] = ["return ", " of xs\n"];
  const bos = tokenizer.roles.bos === undefined ? [] : [tokenizer.roles.bos];
  const before = [...bos, ...tokenizer.encode(prefix)];
  const after = [...tokenizer.encode(suffix), tokenizer.specialTokens.get(SPECIAL_TOKENS.endOfText)!];

  it("of one token each is the softmax of one row's logits over them", async () => {
    const labels = ["a", "b", ":"];
    const all = await logProbabilities([...before, mask, ...after], before.length);
    const wanted = labels.map((label) => all[tokenizer.encode(label)[0]!]!);
    const total = wanted.reduce((sum, one) => sum + Math.exp(one), 0);
    const got = await coder.scoreLabels({ prefix, suffix, labels });
    expect(got.forwardPasses).toBe(1);
    expect(got.promptTokens).toBe(before.length + after.length);
    expect(got.labels.map(({ label, tokens }) => [label, tokens])).toEqual(labels.map((label) => [label, 1]));
    got.labels.forEach(({ probability, logProbability }, i) => {
      expect(logProbability).toBeCloseTo(wanted[i]!, 4);
      expect(probability).toBeCloseTo(Math.exp(wanted[i]!) / total, 5);
    });
  });

  it("of several tokens is the product from left to right, in holes of their own length", async () => {
    const labels = ["sum", "a", "sum of the", "élé"];
    const wanted: number[] = [];
    for (const label of labels) {
      const tokens = tokenizer.encode(label);
      let sum = 0;
      for (const [k, token] of tokens.entries()) {
        const hole = tokens.map((one, i) => (i < k ? one : mask));
        sum += (await logProbabilities([...before, ...hole, ...after], before.length + k))[token]!;
      }
      wanted.push(sum);
    }
    const got = await coder.scoreLabels({ prefix, suffix, labels });
    expect(Math.max(...got.labels.map(({ tokens }) => tokens))).toBeGreaterThan(1);
    const total = wanted.reduce((sum, one) => sum + Math.exp(one), 0);
    got.labels.forEach(({ probability, logProbability }, i) => {
      expect(logProbability).toBeCloseTo(wanted[i]!, 3);
      expect(probability).toBeCloseTo(Math.exp(wanted[i]!) / total, 4);
    });
    expect(got.labels.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 10);
  });

  it("answers a request in the chat template", async () => {
    const asked = async (prompt: string) => (await coder.scoreLabels({ prompt, labels: ["a", "b"] })).labels[0]!.probability;
    expect(await asked("Return the sum.")).not.toBeCloseTo(await asked("xs"), 3);
  });

  it("refuses what is no label, and texts that are too long", async () => {
    await expect(coder.scoreLabels({ labels: ["a", "b", "a"] })).rejects.toThrow(
      'Invalid scoreLabels options:\n  - labels: must be different, got "a" twice',
    );
    await expect(coder.scoreLabels({ labels: [] })).rejects.toThrow("Invalid scoreLabels options:\n  - labels: ");
    await expect(coder.scoreLabels({ labels: ["a", "q".repeat(80)] })).rejects.toThrow(
      `The text has 81 tokens with the label "${"q".repeat(80)}" and everything around it, and this model has room for 64. The model is made for 64 tokens.`,
    );
  });
});
