import { createRandom } from "@diffucoder/core";
import type { Attention, BlockCausal } from "@diffucoder/diffusion";
import {
  bool,
  compile,
  evaluateGraph,
  float32,
  int32,
  mul,
  NdArray,
  reshape,
  sum,
  take,
  type Tensor,
  traceGraph,
  valueAndGradient,
} from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { forward, logitsFunction, type ModelConfig, positionIdsFromMask } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

interface Inputs {
  inputIds: NdArray;
  attentionMask?: NdArray;
  positionIds?: NdArray;
  logitPositions?: NdArray;
  attention?: "full" | "causal" | BlockCausal | NdArray;
}

async function logitsOf(
  { attention = "full", ...arrays }: Inputs,
  config: ModelConfig = smallConfig,
  parameters = smallParameters(config),
): Promise<NdArray> {
  const named = { ...arrays, ...(attention instanceof NdArray && { attention }) };
  const run = compile((weights: Record<string, Tensor>, inputs: { inputIds: Tensor; attention?: Tensor }) => ({
    logits: forward(config, weights, { ...inputs, attention: (inputs.attention ?? attention) as Attention }),
  }));
  return (await run(parameters, named)).logits;
}

const ids = int32([1, 5, 12, 3, 7, 2, 9, 12, 4, 0], [2, 5]);
const row = (logits: NdArray, i: number): number[] => Array.from(logits.data.slice(i * smallConfig.vocabSize, (i + 1) * smallConfig.vocabSize));

describe("forward", () => {
  it("computes at logitPositions what it computes everywhere", async () => {
    const everywhere = await logitsOf({ inputIds: ids });
    const picked = await logitsOf({ inputIds: ids, logitPositions: int32([7, 2, 2]) });
    expect(picked.shape).toEqual([3, 13]);
    expect(picked.data).toBeAllclose([...row(everywhere, 7), ...row(everywhere, 2), ...row(everywhere, 2)]);
  });

  it("computes the same for one row, whose last layer asks only there", async () => {
    const inputIds = int32([1, 5, 12, 3, 7], [1, 5]);
    const attentionMask = int32([0, 1, 1, 1, 1], [1, 5]);
    const padded = { attentionMask, positionIds: positionIdsFromMask(attentionMask) };
    for (const rest of [{}, padded, { attention: "causal" as const }]) {
      const everywhere = await logitsOf({ inputIds, ...rest });
      for (const positions of [[4], [3, 1, 1], [0, 1, 2, 3, 4, 4, 4]]) {
        const picked = await logitsOf({ inputIds, ...rest, logitPositions: int32(positions) });
        expect(picked.data).toBeAllclose(positions.flatMap((i) => row(everywhere, i)));
      }
    }
  });

  it("has the same gradients for one row, whose last layer asks only there", async () => {
    const inputIds = int32([1, 5, 12, 3, 7], [1, 5]);
    const probe = float32(createRandom(3).fillNormal(new Float32Array(2 * 13)), [2, 13]);
    const gradientsBy = (pick: (logits: (positions?: Tensor) => Tensor, positions: Tensor) => Tensor) =>
      compile((weights: Record<string, Tensor>, x: Tensor, positions: Tensor) =>
        valueAndGradient((p) => {
          const logits = (logitPositions?: Tensor): Tensor => forward(smallConfig, p, { inputIds: x, logitPositions });
          return sum(mul(pick(logits, positions), probe));
        }, weights),
      )(smallParameters(smallConfig), inputIds, int32([3, 1]));
    const want = await gradientsBy((logits, positions) => take(reshape(logits(), [5, 13]), positions));
    const got = await gradientsBy((logits, positions) => logits(positions));
    expect(got.value.item()).toBeCloseTo(want.value.item(), 4);
    for (const [name, { data }] of Object.entries(want.gradient)) expect(got.gradient[name]!.data).toBeAllclose(data, { atol: 1e-5, rtol: 1e-3 });
  });

  it("sees later tokens with full attention and does not with causal attention", async () => {
    const changed = int32([1, 5, 12, 3, 8, 2, 9, 12, 4, 0], [2, 5]);
    const [causal, causalChanged] = [
      await logitsOf({ inputIds: ids, attention: "causal" }),
      await logitsOf({ inputIds: changed, attention: "causal" }),
    ];
    for (const i of [0, 1, 2, 3, 5, 6, 7, 8, 9]) expect(row(causalChanged, i)).toBeAllclose(row(causal, i));
    expect(row(causalChanged, 4)).not.toBeAllclose(row(causal, 4), { atol: 1e-3 });

    const [full, fullChanged] = [await logitsOf({ inputIds: ids }), await logitsOf({ inputIds: changed })];
    expect(row(fullChanged, 0)).not.toBeAllclose(row(full, 0), { atol: 1e-3 });
    expect(row(fullChanged, 5)).toBeAllclose(row(full, 5));
  });

  it("takes the causal pattern as a tensor of any of its shapes", async () => {
    const causal = await logitsOf({ inputIds: ids, attention: "causal" });
    const triangle = Array.from({ length: 25 }, (_, i) => (i % 5 <= Math.floor(i / 5) ? 1 : 0));
    for (const pattern of [bool(triangle, [5, 5]), float32([...triangle, ...triangle], [2, 5, 5]), int32([...triangle, ...triangle], [2, 1, 5, 5])]) {
      expect((await logitsOf({ inputIds: ids, attention: pattern })).data).toBeAllclose(causal.data);
    }
  });

  it("sees up to the end of its block with block-causal attention, the last block cut off", async () => {
    const blocks = await logitsOf({ inputIds: ids, attention: { blockLength: 2 } });
    const ends = [2, 2, 4, 4, 5];
    const pattern = bool(
      ends.flatMap((end) => [0, 1, 2, 3, 4].map((key) => (key < end ? 1 : 0))),
      [5, 5],
    );
    expect(blocks.data).toBeAllclose((await logitsOf({ inputIds: ids, attention: pattern })).data);
    const causal = await logitsOf({ inputIds: ids, attention: "causal" });
    expect(blocks.data).not.toBeAllclose(causal.data, { atol: 1e-3 });
    expect((await logitsOf({ inputIds: ids, attention: { blockLength: 1 } })).data).toEqual(causal.data);
    await expect(logitsOf({ inputIds: ids, attention: { blockLength: 0 } })).rejects.toThrow(
      "attention.blockLength must be a positive integer, got 0.",
    );
  });

  it("gives a left-padded row the logits of the row without padding", async () => {
    const attentionMask = int32([0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [2, 5]);
    const padded = await logitsOf({ inputIds: ids, attentionMask, positionIds: positionIdsFromMask(attentionMask) });
    const alone = await logitsOf({ inputIds: int32([12, 3, 7], [1, 3]) });
    for (const i of [0, 1, 2]) expect(row(padded, i + 2)).toBeAllclose(row(alone, i), { atol: 1e-5 });
    expect(row(padded, 6)).toBeAllclose(row(await logitsOf({ inputIds: ids }), 6), { atol: 1e-5 });
  });

  it("depends on the distance of tokens, not on where they are", async () => {
    const near = await logitsOf({ inputIds: ids });
    const far = await logitsOf({ inputIds: ids, positionIds: int32([3, 4, 5, 6, 7, 20, 21, 22, 23, 24], [2, 5]) });
    expect(far.data).toBeAllclose(near.data, { atol: 1e-4 });
    const spread = await logitsOf({ inputIds: ids, positionIds: int32([0, 2, 4, 6, 8, 0, 1, 2, 3, 4], [2, 5]) });
    expect(row(spread, 0)).not.toBeAllclose(row(near, 0), { atol: 1e-3 });
  });

  it("norms each head's queries and keys where the config says so: how long their projections make them does not matter", async () => {
    const config = { ...smallConfig, queryKeyNorm: true, headSize: 6 };
    const plain = smallParameters(config);
    const longer = Object.fromEntries(
      Object.entries(plain).map(([name, array]) => {
        const factor = /[qk]_proj/.test(name) ? 3 : 1;
        return [
          name,
          float32(
            Array.from(array.data, (x) => factor * x),
            array.shape,
          ),
        ];
      }),
    );
    const want = await logitsOf({ inputIds: ids }, config, plain);
    expect(want.shape).toEqual([2, 5, 13]);
    expect((await logitsOf({ inputIds: ids }, config, longer)).data).toBeAllclose(want.data, { atol: 1e-4 });
    const unnormed = { ...config, queryKeyNorm: false };
    expect((await logitsOf({ inputIds: ids }, unnormed, longer)).data).not.toBeAllclose((await logitsOf({ inputIds: ids }, unnormed, plain)).data, {
      atol: 1e-2,
    });
  });

  it("stays finite where a query may see nothing", async () => {
    const nothing = await logitsOf({
      inputIds: ids,
      attentionMask: int32([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], [2, 5]),
      attention: bool(new Uint8Array(25), [5, 5]),
    });
    expect(nothing.data.every((value) => Number.isFinite(value))).toBe(true);
    // With no attention at all, equal tokens have equal logits wherever they stand.
    expect(row(nothing, 2)).toBeAllclose(row(nothing, 7));
  });

  it("ties the head to the embedding", async () => {
    const parameters = smallParameters();
    const tied = { ...smallConfig, tieWordEmbeddings: true };
    const embedding = parameters["model.embed_tokens.weight"] as NdArray;
    const untiedLogits = await logitsOf({ inputIds: ids }, smallConfig, { ...parameters, "lm_head.weight": embedding.clone() });
    expect((await logitsOf({ inputIds: ids }, tied, parameters)).data).toBeAllclose(untiedLogits.data);
  });

  it("has the same logits and gradients with gradient checkpointing", async () => {
    const step = (gradientCheckpointing: boolean) =>
      compile((weights: Record<string, Tensor>, inputIds: Tensor, logitPositions: Tensor) =>
        valueAndGradient((p: Record<string, Tensor>) => {
          const logits = logitsFunction(smallConfig, { gradientCheckpointing })(p, { inputIds, logitPositions });
          return { loss: sum(mul(logits, logits)), logits };
        }, weights),
      );
    const [want, got] = await Promise.all([false, true].map((checkpointing) => step(checkpointing)(smallParameters(), ids, int32([3, 8, 4]))));
    expect([...got!.value.logits.data]).toEqual([...want!.value.logits.data]);
    for (const [name, { data }] of Object.entries(want!.gradient))
      expect([...got!.gradient[name]!.data], name).toBeAllclose([...data], { atol: 1e-6 });
  });

  it("has the gradient of its logits, by central differences in float64", async () => {
    const parameters = smallParameters();
    const random = createRandom(3);
    const attentionMask = int32([0, 1, 1, 1, 1, 1, 1, 1, 1, 1], [2, 5]);
    const probe = float32(random.split("probe").fillNormal(new Float32Array(3 * 13)), [3, 13]);
    const graph = await traceGraph(
      (weights: Record<string, Tensor>, inputs: { inputIds: Tensor; attentionMask: Tensor; positionIds: Tensor; logitPositions: Tensor }) =>
        valueAndGradient((p: Record<string, Tensor>) => sum(mul(logitsFunction(smallConfig)(p, { ...inputs, attention: "causal" }), probe)), weights),
      [parameters, { inputIds: ids, attentionMask, positionIds: positionIdsFromMask(attentionMask), logitPositions: int32([3, 8, 4]) }],
    );
    const fixed = [ids, attentionMask, positionIdsFromMask(attentionMask), int32([3, 8, 4])].map(({ data }) => Float64Array.from(data));
    const weights = Object.values(parameters).map(({ data }) => Float64Array.from(data));
    const [, ...gradient] = evaluateGraph(graph, [...weights, ...fixed]);
    Object.keys(parameters).forEach((name, at) => {
      // The derivative along a random direction for each parameter.
      const direction = Float64Array.from(weights[at] as Float64Array, () => random.normal());
      const h = 1e-5;
      const moved = (sign: number): number => {
        const inputs = weights.map((values, i) => (i === at ? values.map((value, j) => value + sign * h * direction[j]!) : values));
        return (evaluateGraph(graph, [...inputs, ...fixed])[0] as Float64Array)[0] as number;
      };
      const want = (moved(1) - moved(-1)) / (2 * h);
      const got = (gradient[at] as Float64Array).reduce((total, g, j) => total + g * direction[j]!, 0);
      expect([got], name).toBeAllclose([want], { rtol: 1e-6, atol: 1e-8 });
    });
  });

  it("names the input that does not fit and the parameter that is missing", async () => {
    await expect(logitsOf({ inputIds: int32([1, 2]) })).rejects.toThrow("inputIds has shape [2], expected [B, L].");
    await expect(logitsOf({ inputIds: ids, attentionMask: int32([1, 1], [1, 2]) })).rejects.toThrow(
      "attentionMask has shape [1, 2], expected [2, 5], as inputIds.",
    );
    await expect(logitsOf({ inputIds: ids, attention: bool([1], [1, 1]) })).rejects.toThrow(
      "attention has shape [1, 1], expected [5, 5], [2, 5, 5] or [2, 1, 5, 5].",
    );
    const { "model.norm.weight": _, ...rest } = smallParameters();
    await expect(logitsOf({ inputIds: ids }, smallConfig, rest)).rejects.toThrow('parameters["model.norm.weight"] must be a tensor, got undefined.');
  });
});

describe("positionIdsFromMask", () => {
  it("counts real tokens from 0 and gives padding 1", () => {
    const positions = positionIdsFromMask(int32([0, 0, 1, 1, 1, 1, 1, 1], [2, 4]));
    expect([...positions.data]).toEqual([1, 1, 0, 1, 0, 1, 2, 3]);
    expect(positions.shape).toEqual([2, 4]);
  });
});
