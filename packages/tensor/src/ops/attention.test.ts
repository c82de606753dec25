import { beforeAll, describe, expect, it } from "vitest";
import { spread } from "../gradient-check.fixture.ts";
import * as t from "../index.ts";
import { executorsOfAllLevels } from "../kernel-levels.fixture.ts";

let levels: Awaited<ReturnType<typeof executorsOfAllLevels>>;
beforeAll(async () => {
  levels = await executorsOfAllLevels();
});

describe("attention", () => {
  it("mixes the values by their scores", async () => {
    // scores 0 and ln 3: weights 1/4 and 3/4
    const mixed = t.compile((q: t.Tensor, k: t.Tensor, v: t.Tensor) => t.attention(q, k, v));
    const [q, k] = [t.float32([1], [1, 1, 1, 1]), t.float32([0, Math.log(3)], [1, 1, 2, 1])];
    expect([...(await mixed(q, k, t.float32([8, 4], [1, 1, 2, 1]))).data]).toBeAllclose([5], { rtol: 1e-6 });
  });

  it("is the same on every level over more keys than a kernel takes at once, with the sums of a gradient", async () => {
    const loss = (x: { q: t.Tensor; k: t.Tensor; v: t.Tensor }, bias: t.Tensor): t.Tensor => t.sum(t.square(t.attention(x.q, x.k, x.v, { bias })));
    const step = (x: { q: t.Tensor; k: t.Tensor; v: t.Tensor }, bias: t.Tensor) => t.valueAndGradient((y: typeof x) => loss(y, bias), x);
    const [x, bias] = [{ q: spread([2, 4, 101, 20]), k: spread([2, 2, 131, 20], 2), v: spread([2, 2, 131, 20], 3) }, spread([1, 1, 101, 131], 4)];
    const results = await Promise.all(levels.map(({ executor }) => t.compile(step, { executor })(x, bias)));
    for (const { value, gradient } of results) {
      expect([value.item()]).toBeAllclose([results[0]!.value.item()], { rtol: 1e-5 });
      for (const name of ["q", "k", "v"] as const) {
        const expected = [...results[0]!.gradient[name].data];
        const largest = Math.max(...expected.map(Math.abs)); // an element is a sum of some 200 of about this size, most of which cancel
        expect([...gradient[name].data]).toBeAllclose(expected, { atol: 2e-5 * largest });
      }
    }
  });

  it("says which shape does not fit", () => {
    const at = (...shape: number[]): t.Tensor => t.constant(spread(shape));
    const [q, k] = [at(2, 4, 3, 2), at(2, 2, 5, 2)];
    expect(() => t.attention(at(4, 3, 2), k, k)).toThrow("attention: q has shape [4, 3, 2], expected [B, H, M, S].");
    expect(() => t.attention(q, at(2, 3, 5, 2), k)).toThrow("attention: k has shape [2, 3, 5, 2], expected [2, a divisor of 4, N, 2], to fit q.");
    expect(() => t.attention(q, k, at(2, 2, 4, 2))).toThrow("attention: v has shape [2, 2, 4, 2], expected [2, 2, 5, 2], as k.");
    expect(() => t.attention(q, k, k, { bias: at(2, 1, 2, 5) })).toThrow(
      "attention: bias has shape [2, 1, 2, 5], expected [2, 1, 3, 5], where the first and the third may be 1.",
    );
  });
});

describe("log-probabilities of a product", () => {
  it("are those of its logits on every level, over more words and rows than a kernel takes at once", async () => {
    const targets = t.int32(Array.from({ length: 130 }, (_, i) => (i * 37) % 401));
    const step = (x: { x: t.Tensor; w: t.Tensor }) =>
      t.valueAndGradient((y: typeof x) => t.sum(t.square(t.selectLogProbs(t.linear(y.x, y.w), targets))), x);
    const args = { x: spread([130, 21]), w: spread([401, 21], 2) };
    const results = await Promise.all(levels.map(({ executor }) => t.compile(step, { executor })(args)));
    for (const { value, gradient } of results) {
      expect([value.item()]).toBeAllclose([results[0]!.value.item()], { rtol: 1e-5 });
      for (const name of ["x", "w"] as const)
        expect([...gradient[name].data]).toBeAllclose([...results[0]!.gradient[name].data], { atol: 1e-3, rtol: 1e-4 });
    }
  });

  it("cannot be differentiated by the logits, which nothing computes", async () => {
    const run = t.compile((x: t.Tensor, w: t.Tensor) => {
      const logits = t.linear(x, w);
      return t.gradients(t.sum(t.selectLogProbs(logits, t.int32([0, 1]))), [logits]);
    });
    await expect(run(spread([2, 3]), spread([4, 3]))).rejects.toThrow("Give selectLogProbs add(logits, 0) and ask for the gradient of that.");
  });
});
