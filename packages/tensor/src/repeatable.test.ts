// The same inputs give the same bits, however the threads take turns: a run that is killed goes on to the same result.
import { createRandom } from "@diffucoder/core";
import { expect, it } from "vitest";
import {
  attention,
  compile,
  float32,
  int32,
  linear,
  type NdArray,
  rmsNorm,
  selectLogProbs,
  sumSquares,
  swiglu,
  take,
  type Tensor,
  valueAndGradient,
} from "./index.ts";

const RUNS = 20;
const random = createRandom(0);
const normal = (...shape: number[]): NdArray => float32(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);
const ids = (count: number, below: number): NdArray => int32(Int32Array.from({ length: count }, () => random.integer(0, below)));

type Arrays = Record<string, NdArray>;
type Traced = Record<string, Tensor>;

const cases: Record<string, { of: (inputs: Traced, indices: Tensor) => Tensor; inputs: Arrays; indices?: NdArray }> = {
  attention: {
    of: ({ q, k, v }) => attention(q!, k!, v!),
    inputs: { q: normal(4, 6, 96, 32), k: normal(4, 2, 96, 32), v: normal(4, 2, 96, 32) },
  },
  linear: { of: ({ x, w }) => linear(x!, w!), inputs: { x: normal(300, 600), w: normal(200, 600) } },
  "linear, of few rows": { of: ({ x, w }) => linear(x!, w!), inputs: { x: normal(4, 600), w: normal(300, 600) } },
  rmsNorm: { of: ({ x, gain }) => rmsNorm(x!, gain!, { eps: 1e-6 }), inputs: { x: normal(300, 128), gain: normal(128) } },
  swiglu: { of: ({ gate, up }) => swiglu(gate!, up!), inputs: { gate: normal(300, 128), up: normal(300, 128) } },
  "the rows of an embedding": { of: ({ table }, indices) => take(table!, indices), inputs: { table: normal(60, 128) }, indices: ids(600, 60) },
  "log-probabilities of a head": {
    of: ({ x, head }, targets) => selectLogProbs(linear(x!, head!), targets),
    inputs: { x: normal(300, 128), head: normal(1500, 128) },
    indices: ids(300, 1500),
  },
};

it.each(Object.keys(cases))("%s and its gradients", async (name) => {
  const { of, inputs, indices = int32([0]) } = cases[name]!;
  const step = compile((given: Traced, at: Tensor) => valueAndGradient((own: Traced) => ({ loss: sumSquares(of(own, at)) }), given), { name });
  const bits = async (): Promise<string> => {
    const { value, gradient } = await step(inputs, indices);
    return [value.loss, ...Object.values(gradient)].map(({ data }) => Buffer.from(data.buffer as ArrayBuffer).toString("base64")).join();
  };
  const first = await bits();
  for (let run = 1; run < RUNS; run++) expect((await bits()) === first).toBe(true);
  step.dispose();
});
