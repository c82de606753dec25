// Two ways to spend less between the products. One product for q, k and v, and one for gate and up, in place of one each: the
// weights are joined in the graph, as training would have to, or once, as frozen weights can be. And a forward pass over
// frozen weights, which ONNX Runtime packs, compared with the same over arguments. The peer is what the engine does.
import { compile, concat, float32, int32, linear, mul, type NdArray, slice, sizeOf, type Tensor } from "@diffucoder/tensor";
import { createRandom } from "@diffucoder/core";
import { extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { type BenchModel, makeBatch, makeModel, modelNames } from "../models.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "projections";
const ROUNDS = 15;
/** As many runs in a turn as make it about as long as a run of the larger model. */
const runsPerTurn: Record<string, number> = { "17M": 1, "1.7M": 40 };

export async function projectionsSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of modelNames) {
    say(`projections ${name} ...`);
    const model = makeModel(name);
    const { hiddenSize: d, intermediateSize: f } = model.config;
    for (const [what, widths] of [
      ["q, k, v", [d, d, d]],
      ["gate and up", [f, f]],
    ] as const) {
      results.push(await joined(model, { what, widths, isFrozen: false, quick }), await joined(model, { what, widths, isFrozen: true, quick }));
    }
    results.push(await frozenForward(model, quick));
  }
  return results;
}

interface Projection {
  what: string;
  widths: readonly number[];
  isFrozen: boolean;
  quick: boolean;
}

async function joined(model: BenchModel, { what, widths, isFrozen, quick }: Projection): Promise<Result> {
  const { hiddenSize: d } = model.config;
  const x = randomArray([model.batchSize * model.length, d], 0);
  const parts = widths.map((width, i) => randomArray([width, d], i + 1));
  const whole = randomArray([widths.reduce((sum, width) => sum + width, 0), d], 9);
  // Each part has a reader of its own, as the heads and the gate are.
  const read = (y: Tensor): Tensor => mul(y, 2);
  const options = { frozen: isFrozen ? [1] : [] };
  const apart = compile((input: Tensor, weights: Tensor[]) => weights.map((weight) => read(linear(input, weight))), options);
  const once = compile((input: Tensor, weight: Tensor) => columns(linear(input, weight), widths).map(read), options);
  const inGraph = compile((input: Tensor, weights: Tensor[]) => columns(linear(input, concat(weights, 0)), widths).map(read));
  const result = await race({
    name: `${model.name}, one product for ${what}, ${isFrozen ? "frozen" : "joined in the graph"}`,
    ours: () => (isFrozen ? once(x, whole) : inGraph(x, parts)),
    peer: () => apart(x, parts),
    peerName: "one each",
    runs: runsPerTurn[model.name]!,
    quick,
  });
  for (const plan of [apart, once, inGraph]) plan.dispose();
  return result;
}

async function frozenForward(model: BenchModel, quick: boolean): Promise<Result> {
  const { parameters, logits, length } = model;
  const inputIds = int32(makeBatch(model).inputIds.subarray(0, length), [1, length]);
  const network = (weights: Record<string, Tensor>, ids: Tensor) => ({ logits: logits(weights, { inputIds: ids }) });
  const frozen = compile(network, { frozen: [0] });
  const given = compile(network);
  const result = await race({
    name: `${model.name}, 1 x ${length} tokens, forward over frozen weights`,
    ours: () => frozen(parameters, inputIds),
    peer: () => given(parameters, inputIds),
    peerName: "as arguments",
    runs: model.name === "17M" ? 8 : 40,
    quick,
  });
  frozen.dispose();
  given.dispose();
  return result;
}

interface Race {
  name: string;
  ours: () => Promise<unknown>;
  peer: () => Promise<unknown>;
  peerName: string;
  runs: number;
  quick: boolean;
}

async function race({ name, ours, peer, peerName, runs, quick }: Race): Promise<Result> {
  const turnOf = (run: () => Promise<unknown>) => () => meanOf(() => timed(run), runs);
  const times = await inTurns({ ours: turnOf(ours), peer: turnOf(peer) }, quick ? 3 : ROUNDS);
  const figures = { ours: median(times.ours), spread: extent(times.ours), peer: median(times.peer), peerSpread: extent(times.peer) };
  return measured({ suite: SUITE, name, unit: "ms", peerName, ...figures });
}

/** `y [T, sum of widths]` -> one `[T, width]` for each. */
function columns(y: Tensor, widths: readonly number[]): Tensor[] {
  let start = 0;
  return widths.map((width) => {
    const part = slice(y, { axis: 1, start, end: start + width });
    start += width;
    return part;
  });
}

function randomArray(shape: readonly number[], seed: number): NdArray {
  const random = createRandom(seed);
  return float32(
    Float32Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5),
    shape,
  );
}
