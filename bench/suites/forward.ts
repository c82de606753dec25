// A forward pass for inference compared with PyTorch's: its time with the weights as arguments and with frozen ones, which ONNX
// Runtime packs once, the tokens a second, and the rate of the operations that it takes at least. Both must find the same
// logits; in bf16, beside PyTorch's autocast, the peer's are rounded, and so is the comparison.
import { DiffuCoderError } from "@diffucoder/core";
import { compile, int32, type NdArray, onnxExecutor, type Precision, type Tensor } from "@diffucoder/tensor";
import { agree, extent, inTurns, meanOf, measured, median, type Result, timed } from "../measurement.ts";
import { type BenchModel, forwardFlops, makeBatch, makeModel, modelNames } from "../models.ts";
import { findTorch, startTorch, type TorchPeer, type TorchSearch } from "../peers/torch.ts";
import type { SuiteOptions } from "./suite.ts";

const batchSizes = [1, 8, 32];
/** Of the rows that have one. */
const targets = { peer: { of: "ratio", atMost: 0.7 }, bf16Peer: { of: "ratio", atMost: 0.6 } } as const;
const rowsWithTarget = [1, 8];
/** As many in each turn, so that a turn is many short passes or one long one. */
const ROWS_PER_TURN = 32;
const ROUNDS = 9;
/** Autocast rounds every product's result to eight bits, and we none. */
const BF16_DISTANCE = 0.05;

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
  const executor = await onnxExecutor({ precision: "bf16" });
  const ours = {
    plain: compile(pass, { name: `forward-${model.name}` }),
    frozen: compile(pass, { frozen: [0], name: `frozen-forward-${model.name}` }),
    bf16: compile(pass, { executor, name: `bf16-forward-${model.name}` }),
  };
  const start = async (precision: Precision) =>
    torch.python === undefined ? undefined : startTorch(torch.python, model, "forward", { rows, precision });
  const peers = { peer: await start("float32"), bf16Peer: await start("bf16") };
  const { peer, bf16Peer } = peers;
  try {
    if (peer) compareLogits(model.name, (await ours.plain(parameters, inputIds)).logits, (await peer.run()).logits);
    if (bf16Peer) compareLogits(model.name, (await ours.bf16(parameters, inputIds)).logits, (await bf16Peer.run()).logits, BF16_DISTANCE);
    const turnOf = (run: () => Promise<number>) => () => meanOf(run, quick ? 1 : ROWS_PER_TURN / rows);
    const ourTurn = (forward: typeof ours.plain) => turnOf(() => timed(() => forward(parameters, inputIds)));
    const peerTurn = (other: typeof peer) => other && turnOf(async () => (await other.run()).milliseconds);
    const contenders = {
      plain: ourTurn(ours.plain),
      frozen: ourTurn(ours.frozen),
      bf16: ourTurn(ours.bf16),
      peer: peerTurn(peer),
      bf16Peer: peerTurn(bf16Peer),
    };
    const times = await inTurns(contenders, quick ? 1 : ROUNDS);
    return resultsOf({ model, rows, times, peers, note: torch.problem, notices: executor.notices ?? [] });
  } finally {
    for (const forward of Object.values(ours)) forward.dispose();
    for (const one of Object.values(peers)) one?.close();
  }
}

interface Measured {
  model: BenchModel;
  rows: number;
  times: Record<"plain" | "frozen" | "bf16" | "peer" | "bf16Peer", readonly number[]>;
  peers: Record<"peer" | "bf16Peer", TorchPeer<"forward"> | undefined>;
  /** Why there are no peers. */
  note: string | undefined;
  /** What bf16 is not, here. */
  notices: readonly string[];
}

function resultsOf({ model, rows, times, peers, note, notices }: Measured): Result[] {
  const { length, name } = model;
  const { peer } = peers;
  const work = `${name}, ${rows} x ${length} tokens`;
  const common = { suite: "forward", note };
  const hasTarget = name === "17M" && rowsWithTarget.includes(rows);
  const time = (title: string, which: "plain" | "frozen" | "bf16", beside: keyof typeof peers): Result =>
    measured({
      ...common,
      name: title,
      ours: median(times[which]),
      spread: extent(times[which]),
      unit: "ms",
      ...(peers[beside] && { peer: median(times[beside]), peerSpread: extent(times[beside]), peerName: peers[beside].name }),
      ...(hasTarget && { target: targets[beside] }),
    });
  const rate = (unit: string, amount: number): Result =>
    measured({
      ...common,
      name: work,
      unit,
      ours: amount / median(times.plain),
      ...(peer && { peer: amount / median(times.peer), peerName: peer.name }),
    });
  return [
    time(work, "plain", "peer"),
    time(`${work}, frozen weights`, "frozen", "peer"),
    { ...time(`${work}, bf16`, "bf16", "bf16Peer"), note: [...notices, ...(note ? [note] : [])].join("; ") || undefined },
    rate("tokens/s", 1000 * rows * length),
    rate("GFLOP/s", forwardFlops(model, rows, length) / 1e6),
  ];
}

/** The values from the start, as often as it takes. */
function repeatedTo(size: number, values: Int32Array): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => values[i % values.length]!);
}

/** Logits can be near zero by themselves, so their sum of squares is compared. */
function compareLogits(name: string, { data }: NdArray, peer: readonly number[], rtol?: number): void {
  const ours = Array.from(data.subarray(0, peer.length));
  const size = Math.hypot(...peer);
  const distance = Math.hypot(...peer.map((value, i) => value - ours[i]!));
  if (!agree(size + distance, size, rtol))
    throw new DiffuCoderError("MISMATCH", `${name}: our logits begin with ${ours.join(", ")} and PyTorch's with ${peer.join(", ")}.`);
}
