import { join } from "node:path";
import { forward, loadModel, positionIdsFromMask } from "@diffucoder/model";
import { compile, type Tensor } from "@diffucoder/tensor";
import { type Check, int32Rows, judge, largestError, readGolden } from "./check.ts";

interface ForwardGolden {
  input_ids: number[][];
  attention_mask: number[][];
  position_ids: number[][];
  logits_full_attention: { data: number[] };
  logits_left_padded: { data: number[] };
}

/** Logits with full attention, and those of the real tokens of left-padded rows. */
export const forwardCheck: Check = {
  file: "forward.json",
  async run(directory) {
    const golden = readGolden<ForwardGolden>(directory, "forward.json");
    const { config, parameters } = await loadModel(join(directory, "checkpoint"));
    const inputIds = int32Rows(golden.input_ids);
    const mask = int32Rows(golden.attention_mask);

    const full = compile((weights: Record<string, Tensor>, ids: Tensor) => ({ logits: forward(config, weights, { inputIds: ids }) }));
    const { logits } = await full(parameters, inputIds);
    const padded = compile((weights: Record<string, Tensor>, ids: Tensor, attentionMask: Tensor, positionIds: Tensor) => ({
      logits: forward(config, weights, { inputIds: ids, attentionMask, positionIds }),
    }));
    const { logits: paddedLogits } = await padded(parameters, inputIds, mask, positionIdsFromMask(mask));

    const isReal = (_: number, i: number): boolean => mask.data[Math.floor(i / config.vocabSize)] === 1;
    return judge([
      { what: "logits", error: largestError(logits.data, golden.logits_full_attention.data), tolerance: 1e-4 },
      { what: "left-padded", error: largestError(paddedLogits.data.filter(isReal), golden.logits_left_padded.data.filter(isReal)), tolerance: 1e-4 },
      { what: "position ids", error: largestError(positionIdsFromMask(mask).data, golden.position_ids.flat()), tolerance: 0 },
    ]);
  },
};
