import { join } from "node:path";
import type { BlockCausal } from "@diffucoder/diffusion";
import { forward, type LoadedModel, loadModel, positionIdsFromMask } from "@diffucoder/model";
import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { type Check, type Comparison, int32Rows, judge, largestError, readGolden } from "./check.ts";

interface Reals {
  data: number[];
}

interface Batch {
  input_ids: number[][];
  attention_mask?: number[][] | undefined;
  position_ids?: number[][];
  /** Columns of a block; with `mask`, that has them already. */
  block_size?: number;
  /** `[B, L, L]`, 1 where a query sees a key. */
  mask?: number[][][];
  logits: Reals;
}

interface ForwardGolden extends Omit<Batch, "logits"> {
  logits_full_attention: Reals;
  logits_left_padded?: Reals;
  right_padded?: Batch;
  block_causal?: Batch;
  padding_is_seen?: Batch;
}

/** Logits with full attention, and those of the real tokens of padded rows and with blocks, as far as the file has them. */
export const forwardCheck: Check = {
  file: "forward.json",
  async run(directory) {
    const { logits_full_attention, logits_left_padded, right_padded, block_causal, padding_is_seen, ...padded } = readGolden<ForwardGolden>(
      directory,
      "forward.json",
    );
    const model = await loadModel(join(directory, "checkpoint"));
    const batches = Object.entries({
      logits: { input_ids: padded.input_ids, logits: logits_full_attention },
      "left-padded": logits_left_padded && { ...padded, logits: logits_left_padded },
      "right-padded": right_padded,
      "block-causal": block_causal,
      "padding that is seen": padding_is_seen && { ...padding_is_seen, attention_mask: undefined },
    }).filter((entry): entry is [string, Batch] => entry[1] !== undefined);
    const comparisons: Comparison[] = [];
    for (const [what, batch] of batches) comparisons.push({ what, error: await errorOf(model, batch), tolerance: 1e-4 });
    if (logits_left_padded !== undefined) {
      const positions = positionIdsFromMask(int32Rows(padded.attention_mask!));
      comparisons.push({ what: "position ids", error: largestError(positions.data, padded.position_ids!.flat()), tolerance: 0 });
    }
    return judge(comparisons);
  },
};

async function errorOf({ config, parameters }: LoadedModel, batch: Batch): Promise<number> {
  const { input_ids, attention_mask, position_ids, block_size, mask, logits: want } = batch;
  const blocks: { attention?: BlockCausal } = block_size === undefined || mask !== undefined ? {} : { attention: { blockLength: block_size } };
  const arrays = {
    inputIds: int32Rows(input_ids),
    ...(attention_mask && { attentionMask: int32Rows(attention_mask) }),
    ...(position_ids && { positionIds: int32Rows(position_ids) }),
    ...(mask && { attention: int32(mask.flat(2), [mask.length, mask[0]!.length, mask[0]!.length]) }),
  };
  type Inputs = { inputIds: Tensor; attentionMask?: Tensor; positionIds?: Tensor; attention?: Tensor };
  const run = compile((weights: Record<string, Tensor>, inputs: Inputs) => ({ logits: forward(config, weights, { ...blocks, ...inputs }) }));
  const { logits } = await run(parameters, arrays);
  // Rows of padding mean nothing: a token that nobody is, or one that sees no token.
  const isReal = (_: number, i: number): boolean => {
    const token = Math.floor(i / config.vocabSize);
    return attention_mask?.flat()[token] !== 0 && mask?.flat()[token]?.includes(1) !== false;
  };
  return largestError(logits.data.filter(isReal), want.data.filter(isReal));
}
