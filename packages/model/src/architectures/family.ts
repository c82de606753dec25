/** A model family as data: what its config.json says and leaves out, how its layers differ, and how it is asked. */
export interface ModelFamily {
  /** What `config.family` and messages call it: its `model_type`, unless an older family has the same. */
  readonly name: string;
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** The class in `architectures` of config.json, which tells families with the same `model_type` apart. */
  readonly architecture: string;
  /**
   * Whether its config.json is that of another family with the same class, so that only a mask token tells: in config.json or in
   * the tokenizer's files. @default false
   */
  readonly isToldByMask?: boolean;
  /** Whether it fills masks, in any order. One that does not writes from left to right, and its config has no mask token. */
  readonly isDiffusion: boolean;
  /** Whether row `i` of the logits predicts token `i + 1` (Dream, every autoregressive model) or token `i` (LLaDA). */
  readonly shift: boolean;
  /** Which tokens see which. Blocks are as long as config.json says under this key, or `defaults`. */
  readonly attention: "full" | "causal" | { readonly blockLengthKey: string };
  /** With full attention: whether there are also checkpoints of it that were trained with blocks, which config.json does not tell. @default false */
  readonly alsoInBlocks?: boolean;
  /** Text of the mask token, for tokenizers that have it among their added tokens and give it no role. @default they give it one */
  readonly maskToken?: string;
  /** Whether q, k and v have biases. An `attention_bias` in config.json must say the same. */
  readonly attentionBias: boolean;
  /** Whether each head of q and k is normed by RMSNorm before the rotation, as in Qwen3. */
  readonly queryKeyNorm: boolean;
  /** Whether `head_dim` may differ from `hidden_size / num_attention_heads`, as in Qwen3. */
  readonly freeHeadSize: boolean;
  /** Values of the keys that its config class lets config.json leave out. A key that is in neither is an error. */
  readonly defaults: (file: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** What config.json says when a model is saved, besides `model_type`, `architectures` and the fields of the config. */
  readonly alsoWritten: Readonly<Record<string, unknown>>;
}
