// A forward pass for inference compared with PyTorch's: its time with the weights as arguments and with frozen ones, which ONNX
// Runtime packs once, the tokens a second, and the rate of the operations that it takes at least. Both must find the same logits.
import { DiffuCoderError } from "@diffucoder/core";
import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { type BenchModel, forwardFlops, makeBatch, makeModel, modelNames } from "../models.ts";
import { findTorch, startTorch, type TorchSearch } from "../peers/torch.ts";
import type { SuiteOptions } from "./suite.ts";

const batchSizes = [1, 8, 32];
/** Of the rows that have one. */
const target = { of: "ratio", atMost: 0.7 } as const;
const rowsWithTarget = [1, 8];
/** As many in each turn, so that a turn is many short passes or one long one. */
const ROWS_PER_TURN = 32;
const ROUNDS = 9;

export async function forwardSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const torch = findTorch();
  const results: Result[] = [];
  for (const name of modelNames) {
    for (const rows of batchSizes) {
      say(`forward ${name}, ${rows} ${rows === 1 ? "row" : "rows"} ...`);
      results.push(...(await measureForward(makeModel(name), { rows, quick, torch })));
    }
  }
  return results;
}

interface ForwardOptions {
  rows: number;
  quick: boolean;
  torch: TorchSearch;
}

async function measureForward(model: BenchModel, { rows, quick, torch }: ForwardOptions): Promise<Result[]> {
  const { length, logits, parameters } = model;
  const inputIds = int32(repeatedTo(rows * length, makeBatch(model).inputIds), [rows, length]);
  const pass = (weights: Record<string, Tensor>, ids: Tensor) => ({ logits: logits(weights, { inputIds: ids }) });
  const forward = compile(pass, { name: `forward-${model.name}` });
  const frozenForward = compile(pass, { frozen: [0], name: `frozen-forward-${model.name}` });
  const peer = torch.python === undefined ? undefined : await startTorch(torch.python, model, "forward", { rows });
  try {
    if (peer) {
      const { data } = (await forward(parameters, inputIds)).logits;
      compareLogits(model.name, data.subarray(0, 8), (await peer.run()).logits);
    }
    const turnOf = (pass: () => Promise<number>) => () => meanOf(pass, quick ? 1 : ROWS_PER_TURN / rows);
    const times = await inTurns(
      {
        ours: turnOf(() => timed(() => forward(parameters, inputIds))),
        frozen: turnOf(() => timed(() => frozenForward(parameters, inputIds))),
        peer: peer && turnOf(async () => (await peer.run()).milliseconds),
      },
      quick ? 1 : ROUNDS,
    );
    const own = median(times.ours);
    const other = peer && { milliseconds: median(times.peer), name: peer.name };
    const common = { suite: "forward", name: `${model.name}, ${rows} x ${length} tokens`, note: torch.problem };
    const time = (name: string, milliseconds: readonly number[]): Result =>
      measured({
        ...common,
        name,
        ours: median(milliseconds),
        spread: extent(milliseconds),
        unit: "ms",
        ...(other && { peer: other.milliseconds, peerSpread: extent(times.peer), peerName: other.name }),
        ...(model.name === "17M" && rowsWithTarget.includes(rows) && { target }),
      });
    const rate = (unit: string, amount: number): Result =>
      measured({ ...common, unit, ours: amount / own, ...(other && { peer: amount / other.milliseconds, peerName: other.name }) });
    return [
      time(common.name, times.ours),
      time(`${common.name}, frozen weights`, times.frozen),
      rate("tokens/s", 1000 * rows * length),
      rate("GFLOP/s", forwardFlops(model, rows, length) / 1e6),
    ];
  } finally {
    forward.dispose();
    frozenForward.dispose();
    peer?.close();
  }
}

/** The values from the start, as often as it takes. */
function repeatedTo(size: number, values: Int32Array): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => values[i % values.length]!);
}

/** Logits can be near zero by themselves, so their sum of squares is compared. */
function compareLogits(name: string, ours: ArrayLike<number>, peer: readonly number[]): void {
  const size = Math.hypot(...peer);
  const distance = Math.hypot(...peer.map((value, i) => value - ours[i]!));
  if (!agree(size + distance, size))
    throw new DiffuCoderError("MISMATCH", `${name}: our logits begin with ${Array.from(ours).join(", ")} and PyTorch's with ${peer.join(", ")}.`);
}
