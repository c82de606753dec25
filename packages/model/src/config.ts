import { z } from "zod";
import { MODEL_FAMILIES } from "./architectures/registry.ts";
import { type RopeScaling, RopeScalingSchema } from "./rope-frequencies.ts";

// Bounds far above any model: an untrusted config is checked before names, shapes and tables of its sizes are made.
const count = z.int().positive();
const width = count.max(1 << 20);
const tokenId = z.int().nonnegative();
const eosTokenIds = z.array(tokenId).max(4096).describe("tokens that end a text");

const transformerShape = {
  vocabSize: count.max(1 << 22).describe("rows of the embedding, special tokens included"),
  hiddenSize: width.describe("width of the residual stream"),
  intermediateSize: width.describe("width of the SwiGLU layer"),
  numHiddenLayers: count.max(4096),
  numAttentionHeads: width.describe("query heads"),
  numKeyValueHeads: width.describe("key/value heads; each serves numAttentionHeads / numKeyValueHeads query heads"),
  maxPositionEmbeddings: count.max(2 ** 31 - 1).describe("longest sequence that the model is meant for; not enforced"),
  ropeTheta: z.number().gt(1).max(1e30).default(1_000_000).describe("base of the rotary frequencies"),
  ropeScaling: RopeScalingSchema.optional().describe("how the rotary frequencies were stretched for longer sequences; absent: not at all"),
  rmsNormEps: z.number().positive().max(1).default(1e-6),
  attentionBias: z.boolean().optional().describe("whether q, k and v have biases; absent: they do, as in Dream and Qwen2"),
  initializerRange: z.number().nonnegative().default(0.02).describe("standard deviation of new weights"),
  tieWordEmbeddings: z.boolean().default(false).describe("the head is the transpose of the embedding"),
  headSize: width.optional().describe("width of a head; absent: hiddenSize / numAttentionHeads"),
  queryKeyNorm: z.boolean().optional().describe("whether each head of q and k is normed by RMSNorm; absent: no, as in Dream and Qwen2"),
  blockLength: count.optional().describe("tokens of a block, where tokens see their own block and those before it"),
};

/** Names of the families of one kind. */
function familyNames(isDiffusion: boolean): [string, ...string[]] {
  return MODEL_FAMILIES.filter((family) => family.isDiffusion === isDiffusion).map(({ name }) => name) as [string, ...string[]];
}

/** Sizes and constants of a transformer: all that `forward` needs to know. */
export interface TransformerConfig {
  /** Rows of the embedding, special tokens included. */
  readonly vocabSize: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Width of the SwiGLU layer. */
  readonly intermediateSize: number;
  /** Layers of attention and SwiGLU. */
  readonly numHiddenLayers: number;
  /** Query heads; twice their number divides `hiddenSize`, unless `headSize` is given. */
  readonly numAttentionHeads: number;
  /** Key/value heads; each serves `numAttentionHeads / numKeyValueHeads` query heads. */
  readonly numKeyValueHeads: number;
  /** Longest sequence that the model is meant for, tokens; not enforced. */
  readonly maxPositionEmbeddings: number;
  /** Base of the rotary frequencies. @default 1e6 */
  readonly ropeTheta: number;
  /** How the rotary frequencies were stretched for longer sequences. @default not at all */
  readonly ropeScaling?: RopeScaling | undefined;
  /** Added to the mean square before its root. @default 1e-6 */
  readonly rmsNormEps: number;
  /** Whether q, k and v have biases. @default they do, as in Dream and Qwen2 */
  readonly attentionBias?: boolean | undefined;
  /** Standard deviation of new weights. @default 0.02 */
  readonly initializerRange: number;
  /** Whether the head is the transpose of the embedding. @default false */
  readonly tieWordEmbeddings: boolean;
  /** Width of a head, even. @default hiddenSize / numAttentionHeads */
  readonly headSize?: number | undefined;
  /** Whether each head of q and k is normed by RMSNorm before the rotation. @default false, as in Dream and Qwen2 */
  readonly queryKeyNorm?: boolean | undefined;
  /** Tokens of a block, for a family whose tokens see their own block and those before it. @default none */
  readonly blockLength?: number | undefined;
}

/** Width of a head, S. */
export function headSizeOf({ headSize, hiddenSize, numAttentionHeads }: TransformerConfig): number {
  return headSize ?? hiddenSize / numAttentionHeads;
}

type Issue = (holds: boolean, key: string, message: string, got: unknown) => void;

function issuesInto(issues: z.core.$ZodRawIssue[]): Issue {
  return (holds, key, message, got) => {
    if (!holds) issues.push({ code: "custom", input: got, path: [key], message: `${message}, got ${String(got)}` });
  };
}

function checkSizes({ hiddenSize, headSize, numAttentionHeads, numKeyValueHeads }: TransformerConfig, require: Issue): void {
  if (headSize !== undefined) require(headSize % 2 === 0, "headSize", "must be even", headSize);
  else
    require(hiddenSize % (2 * numAttentionHeads) ===
      0, "hiddenSize", `must be a multiple of twice the ${numAttentionHeads} attention heads`, hiddenSize);
  require(numAttentionHeads % numKeyValueHeads === 0, "numKeyValueHeads", `must divide the ${numAttentionHeads} attention heads`, numKeyValueHeads);
}

/** A masked diffusion model: the transformer and its special token ids. `ModelConfig` is its output. */
export const ModelConfigSchema = z
  .strictObject({
    ...transformerShape,
    maskTokenId: tokenId,
    padTokenId: tokenId,
    eosTokenId: tokenId,
    bosTokenId: tokenId,
    eosTokenIds: eosTokenIds.optional(),
    family: z.enum(familyNames(true)).optional().describe("the model family; absent: Dream"),
  })
  .check(({ value: config, issues }) => {
    const require = issuesInto(issues);
    checkSizes(config, require);
    for (const key of ["maskTokenId", "padTokenId", "eosTokenId", "bosTokenId"] as const) {
      require(config[key] < config.vocabSize, key, `must be below vocabSize (${config.vocabSize})`, config[key]);
    }
    const others = (config.eosTokenIds ?? []).filter((id) => id !== config.eosTokenId);
    for (const id of others) require(id < config.vocabSize, "eosTokenIds", `must be below vocabSize (${config.vocabSize})`, id);
  });

/** A masked diffusion model: the transformer and its special token ids. */
export interface ModelConfig extends TransformerConfig {
  /** Token that stands for one not yet written. */
  readonly maskTokenId: number;
  /** Token that fills a canvas. */
  readonly padTokenId: number;
  /** Token that ends a text. */
  readonly eosTokenId: number;
  /** Token that begins a text. */
  readonly bosTokenId: number;
  /** All tokens that end a text, `eosTokenId` first. @default only that one */
  readonly eosTokenIds?: readonly number[] | undefined;
  /** The model family, e.g. `"Dream"`. @default "Dream" */
  readonly family?: string | undefined;
}

/** An autoregressive model, whose tokens see only those before them. `AutoregressiveConfig` is its output. */
export const AutoregressiveConfigSchema = z
  .strictObject({
    ...transformerShape,
    family: z.enum(familyNames(false)),
    eosTokenIds,
    bosTokenId: tokenId.optional(),
    padTokenId: tokenId.optional(),
  })
  .check(({ value: config, issues }) => {
    const require = issuesInto(issues);
    checkSizes(config, require);
    const ids = { eosTokenIds: config.eosTokenIds, bosTokenId: [config.bosTokenId], padTokenId: [config.padTokenId] };
    for (const [key, values] of Object.entries(ids)) {
      for (const id of values) require((id ?? 0) < config.vocabSize, key, `must be below vocabSize (${config.vocabSize})`, id);
    }
  });

/** An autoregressive model, whose tokens see only those before them. */
export interface AutoregressiveConfig extends TransformerConfig {
  /** The model family, `"qwen2"` or `"llama"`. */
  readonly family: string;
  /** Tokens that end a text. */
  readonly eosTokenIds: readonly number[];
  /** Token that begins a text. @default none */
  readonly bosTokenId?: number | undefined;
  /** Token that fills a row. @default none */
  readonly padTokenId?: number | undefined;
}
