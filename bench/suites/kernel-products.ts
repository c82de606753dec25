// Matrix products by the kernels and by ONNX Runtime, on the shapes of the models' training steps, and of few rows by a layer of 0.5B.
import { compile, type Executor, float32, type MatmulOptions, matmul, type NdArray, onnxExecutor, type Tensor } from "@diffucoder/tensor";
import { createRandom } from "@diffucoder/core";
import { clock, extent, inTurns, measured, meanOf, type Result } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

interface Product {
  name: string;
  a: readonly [number, number];
  b: readonly [number, number];
  options: MatmulOptions;
}

/** Forward, then the gradients of what was multiplied and of the weights, by a layer's matrix from `inner` to `outer`. */
function layerProducts(model: string, tokens: number, inner: number, outer: number): Product[] {
  return [
    { name: `${model}, x W^T, ${tokens} x ${outer} x ${inner}`, a: [tokens, inner], b: [outer, inner], options: { transposeB: true } },
    { name: `${model}, g W, ${tokens} x ${inner} x ${outer}`, a: [tokens, outer], b: [outer, inner], options: {} },
    { name: `${model}, g^T x, ${outer} x ${inner} x ${tokens}`, a: [tokens, outer], b: [tokens, inner], options: { transposeA: true } },
  ];
}

const fewRows = [1, 2, 8, 32].map((rows): Product => ({
  name: `${rows} rows by 4864 x 896, transposed`,
  a: [rows, 896],
  b: [4864, 896],
  options: { transposeB: true },
}));
const products = [
  ...layerProducts("17M", 4096, 384, 384),
  ...layerProducts("17M", 4096, 384, 1024),
  ...layerProducts("17M", 4096, 1024, 384),
  ...layerProducts("1.7M", 128, 128, 512),
  ...fewRows,
];

export async function productResults(suite: string, rounds: number, { quick, say }: SuiteOptions): Promise<Result[]> {
  const executors = await Promise.all((["auto", "off"] as const).map((kernels) => onnxExecutor({ kernels })));
  const results: Result[] = [];
  for (const product of quick ? products.slice(-4) : products) {
    say(`${suite} ${product.name} ...`);
    const [ours, peer] = executors.map((executor) => runner(product, executor)) as [ReturnType<typeof runner>, ReturnType<typeof runner>];
    const repeats = quick ? 1 : Math.max(1, Math.round(1e8 / operations(product)));
    const turn =
      ({ run }: typeof ours) =>
      () =>
        meanOf(() => clock(run), repeats);
    const times = await inTurns({ ours: turn(ours), peer: turn(peer) }, rounds);
    const best = Math.min(...times.ours);
    results.push(
      measured({
        suite,
        name: product.name,
        ours: best,
        spread: extent(times.ours),
        unit: "ms",
        peer: Math.min(...times.peer),
        peerSpread: extent(times.peer),
        peerName: "ONNX Runtime",
        note: `${Math.round(operations(product) / best / 1e6)} GFLOP/s`,
      }),
    );
    for (const { dispose } of [ours, peer]) dispose();
  }
  return results;
}

function operations({ a, b, options }: Product): number {
  return 2 * a[0] * a[1] * (options.transposeB === true ? b[0] : b[1]);
}

function runner({ a, b, options }: Product, executor: Executor): { run: () => Promise<unknown>; dispose: () => void } {
  const product = compile((x: Tensor, y: Tensor) => matmul(x, y, options), { executor });
  const [left, right] = [numbers(a, 1), numbers(b, 2)];
  return { run: () => product(left, right), dispose: () => product.dispose() };
}

function numbers(shape: readonly [number, number], seed: number): NdArray {
  return float32(createRandom(seed).fillNormal(new Float32Array(shape[0] * shape[1])), shape);
}
