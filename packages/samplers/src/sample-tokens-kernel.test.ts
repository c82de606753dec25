// The kernel against the operations that it stands for, computed in float64.
import { createRandom } from "@diffucoder/core";
import {
  bool,
  compile,
  type Executor,
  float32,
  int32,
  type NdArray,
  onnxExecutor,
  referenceExecutor,
  reportKernels,
  type Tensor,
} from "@diffucoder/tensor";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sampleTokens, type TokenFilter } from "./sample-tokens.ts";

const report = await reportKernels();
const levels =
  "target" in report ? (["scalar", "avx2", "avx512"] as const).slice(0, ["scalar", "avx2", "avx512"].indexOf(report.target.level) + 1) : [];

interface Draws {
  temperature?: NdArray;
  uniforms?: NdArray;
  filter?: { topP: NdArray; topK: NdArray; isWhole?: NdArray };
}

const draw = (executor: Executor) =>
  compile(
    (logits: Tensor, draws: { temperature?: Tensor; uniforms?: Tensor; filter?: TokenFilter }) => {
      const { tokens, confidence, entropy } = sampleTokens(logits, draws);
      return { tokens, entropy, ...confidence };
    },
    { executor },
  );

/** Logits of a row: close together, far apart, or with many equal ones. */
function logitsOf(seed: number, rows: number, words: number): NdArray {
  const random = createRandom(seed);
  const data = new Float32Array(rows * words);
  for (let row = 0; row < rows; row++) {
    const [spread, grain] = [[0.01, 2, 12][random.integer(0, 3)]!, random.integer(0, 2)];
    for (let i = row * words; i < (row + 1) * words; i++) {
      const logit = spread * (2 * random.uniform() - 1);
      data[i] = grain === 1 ? Math.round(logit * 4) / 4 : logit;
    }
  }
  return float32(data, [rows, words]);
}

function drawsOf(seed: number, rows: number, words: number): Draws {
  const random = createRandom(seed).split("draws");
  const each = (value: () => number): Float32Array => Float32Array.from({ length: rows }, value);
  const kind = random.integer(0, 6);
  if (kind === 0) return {};
  const temperature = float32(each(() => [0, 0.4, 1, 1.7][random.integer(0, 4)]!));
  const uniforms = float32(each(() => random.uniform()));
  if (kind === 1) return { temperature, uniforms };
  if (kind === 2) return { temperature };
  const topP = float32(each(() => (random.integer(0, 3) === 0 ? 1 : 0.02 + 0.97 * random.uniform())));
  const topK = int32(Int32Array.from({ length: rows }, () => (random.integer(0, 3) === 0 ? words : 1 + random.integer(0, words))));
  return {
    temperature,
    uniforms,
    filter: { topP, topK, ...(kind > 3 && { isWhole: bool(Uint8Array.from({ length: rows }, () => random.integer(0, 2))) }) },
  };
}

it.each(levels)("draws the tokens of the operations at the same numbers, and is as sure: %s", async (level) => {
  const kernel = draw(await onnxExecutor({ api: "c", kernels: level }));
  const operations = draw(referenceExecutor);
  const onOnnx = draw(await onnxExecutor({ api: "c", kernels: "off" }));
  let [looked, moved, movedOnOnnx] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(1, 5), fc.constantFrom(2, 17, 40, 300), fc.nat(1e6), async (rows, words, seed) => {
      const [logits, draws] = [logitsOf(seed, rows, words), drawsOf(seed, rows, words)];
      const [got, want, onnx] = [await kernel(logits, draws), await operations(logits, draws), await onOnnx(logits, draws)];
      for (let row = 0; row < rows; row++) {
        looked++;
        if (onnx.tokens.data[row] !== want.tokens.data[row]) movedOnOnnx++;
        if (got.tokens.data[row] !== want.tokens.data[row]) {
          moved++; // the number is where one token ends and the next begins: both are right within rounding
          continue;
        }
        for (const name of ["maskgit_plus", "topk_margin", "low_confidence", "entropy"] as const)
          expect([name, got[name].data[row]]).toEqual([name, expect.closeTo(want[name].data[row]!, 4)]);
      }
    }),
    { numRuns: 40, seed: 7 },
  );
  expect(looked).toBeGreaterThan(100);
  expect(moved).toBeLessThanOrEqual(movedOnOnnx + 1);
  for (const fn of [kernel, operations, onOnnx]) fn.dispose();
});

it.each(levels)("takes of equal logits the one with the lowest index first, and keeps all that equal the k-th: %s", async (level) => {
  const sample = draw(await onnxExecutor({ api: "c", kernels: level }));
  const rows = 4;
  const words = 100;
  const logits = float32(new Float32Array(rows * words).fill(3), [rows, words]);
  const each = (values: readonly number[]): NdArray => float32(Float32Array.from(values));
  // 100 equal tokens of 0.01. Top-p 0.055 keeps six; top-k 2 keeps all; u walks through them in order.
  const draws = {
    temperature: each([0, 1, 1, 1]),
    uniforms: each([0.5, 0.999, 0.5, 0.255]),
    filter: { topP: each([0.055, 0.055, 0.055, 1]), topK: int32([100, 100, 2, 2]) },
  };
  const { tokens, maskgit_plus: probability, topk_margin: margin } = await sample(logits, draws);
  expect([...tokens.data]).toEqual([0, 5, 3, 25]);
  expect([...probability.data]).toEqual([1 / 6, 1 / 6, 1 / 6, 1 / 100].map((p) => expect.closeTo(p, 6)));
  expect([...margin.data]).toEqual([0, 0, 0, 0]);
  sample.dispose();
});
