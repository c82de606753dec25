// Equal to the reference: each family's own code in PyTorch, float32 (see golden/README.md and small-families.md for how it was
// run). A new family's golden is one more folder in fixtures/; every folder here and in ../shared/golden whose config.json is of
// a known family is held to all that its forward.json holds.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BlockCausal } from "@diffucoder/diffusion";
import { compile, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { familyOfFile } from "./architectures/registry.ts";
import { forward, loadModel, positionIdsFromMask } from "./index.ts";

interface Reals {
  shape: number[];
  data: number[];
}

/** One batch and its logits. */
interface Batch {
  input_ids: number[][];
  attention_mask?: number[][];
  position_ids?: number[][];
  block_size?: number;
  /** `[B, L, L]`, in the place of `block_size`. */
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

const roots = {
  fixtures: fileURLToPath(new URL("../fixtures", import.meta.url)),
  "../shared/golden": fileURLToPath(new URL("../../../../shared/golden", import.meta.url)),
};

const goldensIn = (root: string): string[] =>
  (existsSync(root) ? readdirSync(root) : []).filter((name) => {
    const config = join(root, name, "checkpoint", "config.json");
    return existsSync(config) && familyOfFile(JSON.parse(readFileSync(config, "utf8"))) !== undefined;
  });

const matrix = (rows: number[][]): NdArray => int32(rows.flat(), [rows.length, (rows[0] as number[]).length]);

/** The batches of a file, by what they show. `padding_is_seen` has a mask that the reference ignores. */
function batchesOf({ logits_full_attention, logits_left_padded, right_padded, block_causal, padding_is_seen, ...padded }: ForwardGolden) {
  const { input_ids } = padded;
  return Object.entries({
    "with full attention": { input_ids, logits: logits_full_attention },
    "of left-padded rows": logits_left_padded && { ...padded, logits: logits_left_padded },
    "of right-padded rows": right_padded,
    "with block-causal attention": block_causal,
    "of padding that is seen": padding_is_seen && { ...padding_is_seen, attention_mask: undefined },
  }).filter((entry): entry is [string, Batch] => entry[1] !== undefined);
}

async function checkBatch(directory: string, { input_ids, attention_mask, position_ids, block_size, mask, logits: want }: Batch): Promise<void> {
  const { config, parameters } = await loadModel(join(directory, "checkpoint"));
  const arrays = {
    inputIds: matrix(input_ids),
    ...(attention_mask && { attentionMask: matrix(attention_mask) }),
    ...(position_ids && { positionIds: matrix(position_ids) }),
    ...(mask && { attention: int32(mask.flat(2), [mask.length, mask[0]!.length, mask[0]!.length]) }),
  };
  const blocks: { attention?: BlockCausal } = block_size === undefined || mask !== undefined ? {} : { attention: { blockLength: block_size } };
  type Inputs = { inputIds: Tensor; attentionMask?: Tensor; positionIds?: Tensor; attention?: Tensor };
  const run = compile((weights: Record<string, Tensor>, inputs: Inputs) => ({ logits: forward(config, weights, { ...blocks, ...inputs }) }));
  const { logits } = await run(parameters, arrays);
  expect(logits.shape).toEqual(want.shape);
  // Rows of padding mean nothing: a token that nobody is, or one that sees no token.
  const isReal = (token: number): boolean => {
    const seen = mask?.flat()[token];
    return attention_mask?.flat()[token] !== 0 && seen?.some((one) => one === 1) !== false;
  };
  const real = (_: number, i: number): boolean => isReal(Math.floor(i / config.vocabSize));
  expect(logits.data.filter(real)).toBeAllclose(want.data.filter(real), { rtol: 1e-4, atol: 1e-5 });
}

for (const [root, folder] of Object.entries(roots)) {
  describe.skipIf(!existsSync(folder))(`${root}${existsSync(folder) ? "" : ` (SKIPPED: ${root} is not there)`}`, () => {
    it("holds a Dream model", () => expect(goldensIn(folder)).toContain("dream-f32"));

    for (const name of goldensIn(folder)) {
      const golden = JSON.parse(readFileSync(join(folder, name, "forward.json"), "utf8")) as ForwardGolden;
      for (const [what, batch] of batchesOf(golden)) {
        it(`${name} gives the reference's logits ${what}`, () => checkBatch(join(folder, name), batch));
      }
      for (const { attention_mask, position_ids } of [golden].filter(({ logits_left_padded }) => logits_left_padded !== undefined)) {
        it(`${name} counts positions as the reference does`, () => {
          expect([...positionIdsFromMask(matrix(attention_mask!)).data]).toEqual(position_ids!.flat());
        });
      }
    }
  });
}
