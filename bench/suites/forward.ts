// A forward pass for inference, beside PyTorch's, and the floating-point operations that it comes to.
import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import { forwardFlops, makeBatch, makeModel, modelNames } from "../models.ts";
import { findTorch, startTorch, TORCH_MISSING } from "../peers/torch.ts";
import type { SuiteOptions } from "./suite.ts";

export async function forwardSuite({ quick, onProgress }: SuiteOptions): Promise<Result[]> {
  const python = findTorch();
  const results: Result[] = [];
  for (const name of modelNames) {
    const model = makeModel(name);
    const { length, logits, parameters } = model;
    const row = makeBatch(model).inputIds.slice(0, length);
    const run = compile((weights: Record<string, Tensor>, inputIds: Tensor) => ({ logits: logits(weights, { inputIds }) }), {
      name: `forward-${name}`,
    });
    const peer = python === undefined ? undefined : await startTorch(python, model, "forward");
    try {
      for (const rows of [1, 8]) {
        onProgress({ phase: `forward ${name}`, step: rows, total: 8 });
        const inputIds = int32(Array.from({ length: rows }, () => Array.from(row)).flat(), [rows, length]);
        const contenders = {
          ours: () => timed(() => run(parameters, inputIds)),
          ...(peer && { peer: async () => (await peer.forward(rows)).milliseconds }),
        };
        const times = await inTurns(contenders, quick ? 2 : 15);
        const own = times.ours as number[];
        const rate = forwardFlops(model, rows, length) / median(own) / 1e6;
        const other = peer && { peer: median(times.peer as number[]), peerName: peer.name };
        results.push(
          measured({
            suite: "forward",
            name: `${name}, ${rows} x ${length} tokens`,
            ours: median(own),
            spread: extent(own),
            unit: "ms",
            ...other,
            note: TORCH_MISSING,
          }),
        );
        results.push(measured({ suite: "forward", name: `${name}, ${rows} x ${length} tokens`, ours: rate, unit: "GFLOP/s" }));
      }
    } finally {
      run.dispose();
      peer?.close();
    }
  }
  return results;
}
