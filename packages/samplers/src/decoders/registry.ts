// Every decoder that a name can choose. A new one is a file of this folder, its test, and its line in the two lists here; all
// that decodes then takes it: `generate`, evaluation, rollouts and the server.
import { autoregressiveDecoders } from "./autoregressive.ts";
import { bd3lmCardDecoders } from "./bd3lm-card.ts";
import { bd3lmDecoders } from "./bd3lm.ts";
import { dreamDecoders } from "./dream.ts";
import { editingDecoders } from "./editing.ts";
import { fastDllmV2Decoders } from "./fast-dllm-v2.ts";
import { lladaDecoders } from "./llada.ts";
import { mdlmDecoders } from "./mdlm.ts";
import type { NamedDecoder } from "./named-decoder.ts";
import { p2Decoders } from "./p2.ts";
import { parallelDecoders } from "./parallel.ts";
import { remaskingDecoders } from "./remasking.ts";
import { sdarDecoders } from "./sdar.ts";
import { speculativeDecoders } from "./speculative.ts";
import { stableDiffcoderDecoders } from "./stable-diffcoder.ts";

/** Decoders by name: what they do, which options they read, how they are made. */
export const DECODERS = {
  ...dreamDecoders,
  ...lladaDecoders,
  ...parallelDecoders,
  ...remaskingDecoders,
  ...editingDecoders,
  ...p2Decoders,
  ...mdlmDecoders,
  ...bd3lmDecoders,
  ...bd3lmCardDecoders,
  ...sdarDecoders,
  ...fastDllmV2Decoders,
  ...stableDiffcoderDecoders,
  ...autoregressiveDecoders,
  ...speculativeDecoders,
} as const satisfies Record<string, NamedDecoder>;

/** Name of a decoder in `DECODERS`. */
export type DecoderName = keyof typeof DECODERS;

/** The names of `DECODERS`, in its order. */
export const DECODER_NAMES = Object.keys(DECODERS) as [DecoderName, ...DecoderName[]];

/** Whether something is a name of `DECODERS`. */
export function isDecoderName(name: unknown): name is DecoderName {
  return typeof name === "string" && Object.hasOwn(DECODERS, name);
}

/** A decoder of `DECODERS`. */
export function namedDecoder(name: DecoderName): NamedDecoder {
  return DECODERS[name];
}

/** Whether the decoder of this name reads an option. */
export function readsOption(name: DecoderName, option: string): boolean {
  return Object.hasOwn(DECODERS[name].options.shape, option);
}
