import type { BlockCausal } from "@diffucoder/diffusion";
import { familyOf } from "./architectures/registry.ts";
import type { AutoregressiveConfig, ModelConfig } from "./config.ts";

/** What samplers and trainers must know about a model, besides its sizes. */
export interface ModelTraits {
  /** Name of its family, e.g. `"Dream"`, `"qwen2"` or `"llama"`. */
  readonly family: string;
  /** Whether it fills masks, in any order; one that does not writes from left to right. */
  readonly isDiffusion: boolean;
  /** Whether row `i` of its logits predicts token `i + 1`, or token `i`. */
  readonly shift: boolean;
  /** Which tokens see which when it generates. */
  readonly attention: "full" | "causal" | BlockCausal;
  /** With full attention: whether there are also checkpoints of its family that were trained with blocks, and are asked with them. */
  readonly alsoInBlocks: boolean;
  /** Token that stands for one not yet written; `undefined` for an autoregressive model. */
  readonly maskTokenId: number | undefined;
}

/** The traits of a model, from its config alone. */
export function modelTraits(config: ModelConfig | AutoregressiveConfig): ModelTraits {
  const { name, isDiffusion, shift, attention, alsoInBlocks = false } = familyOf(config);
  return {
    family: name,
    isDiffusion,
    shift,
    attention: typeof attention === "string" ? attention : { blockLength: config.blockLength! }, // config.json or the family's defaults gave it
    alsoInBlocks,
    maskTokenId: "maskTokenId" in config ? config.maskTokenId : undefined,
  };
}
