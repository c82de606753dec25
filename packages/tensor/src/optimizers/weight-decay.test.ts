import { expect, it } from "vitest";
import { decaysWeight } from "./weight-decay.ts";

it("decays matrices: projections, embeddings, heads and LoRA's factors", () => {
  for (const name of ["model.embed_tokens.weight", "lm_head.weight", "model.layers.0.self_attn.q_proj.weight", "q_proj.lora_A.weight", "table"])
    expect(decaysWeight(name, { shape: [4, 4] })).toBe(true);
});

it("decays no norm gain and no bias of any name and shape", () => {
  for (const name of ["model.norm.weight", "q_norm.weight", "input_layernorm.weight", "q_proj.bias", "ln_f.gain", "bias"])
    expect(decaysWeight(name, { shape: [4] })).toBe(false);
  for (const name of ["model.norm.weight", "k_norm.weight", "q_proj.bias", "bias"]) expect(decaysWeight(name, { shape: [1, 4] })).toBe(false);
});
