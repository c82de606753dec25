// Equal to the reference: Dream's modeling_dream.py in PyTorch, float32 (see golden/README.md for how it was run).
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { forward, loadModel, positionIdsFromMask } from "./index.ts";

interface ForwardGolden {
  input_ids: number[][];
  attention_mask: number[][];
  position_ids: number[][];
  logits_full_attention: { shape: number[]; data: number[] };
  logits_left_padded: { shape: number[]; data: number[] };
}

const directories = {
  "dream-f32": fileURLToPath(new URL("../fixtures/dream-f32", import.meta.url)),
  "dream-bf16-sharded": fileURLToPath(new URL("../../../../shared/golden/dream-bf16-sharded", import.meta.url)),
};

const matrix = (rows: number[][]): NdArray => int32(rows.flat(), [rows.length, (rows[0] as number[]).length]);

for (const [name, directory] of Object.entries(directories)) {
  describe.skipIf(!existsSync(directory))(`${name}${existsSync(directory) ? "" : " (SKIPPED: ../shared/golden is not there)"}`, () => {
    const read = (): ForwardGolden => JSON.parse(readFileSync(`${directory}/forward.json`, "utf8"));

    it("gives Dream's logits with full attention", async () => {
      const { config, parameters } = loadModel(`${directory}/checkpoint`);
      const golden = read();
      const run = compile((weights: Record<string, Tensor>, inputIds: Tensor) => ({ logits: forward(config, weights, { inputIds }) }));
      const { logits } = await run(parameters, matrix(golden.input_ids));
      expect(logits.shape).toEqual(golden.logits_full_attention.shape);
      expect(logits.data).toBeAllclose(golden.logits_full_attention.data, { rtol: 1e-4, atol: 1e-5 });
    });

    it("gives Dream's logits for the real tokens of left-padded rows", async () => {
      const { config, parameters } = loadModel(`${directory}/checkpoint`);
      const golden = read();
      const run = compile((weights: Record<string, Tensor>, inputIds: Tensor, attentionMask: Tensor, positionIds: Tensor) => ({
        logits: forward(config, weights, { inputIds, attentionMask, positionIds }),
      }));
      const mask = matrix(golden.attention_mask);
      const positions = positionIdsFromMask(mask);
      expect([...positions.data]).toEqual(golden.position_ids.flat());
      const { logits } = await run(parameters, matrix(golden.input_ids), mask, positions);
      const real = (_: number, i: number): boolean => mask.data[Math.floor(i / config.vocabSize)] === 1;
      expect(logits.data.filter(real)).toBeAllclose(golden.logits_left_padded.data.filter(real), { rtol: 1e-4, atol: 1e-5 });
    });
  });
}
