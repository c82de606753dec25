import { z } from "zod";
import { RopeScalingSchema } from "./rope-frequencies.ts";

const count = z.int().positive();
const tokenId = z.int().nonnegative();

const transformerShape = {
  vocabSize: count.describe("rows of the embedding, special tokens included"),
  hiddenSize: count.describe("width of the residual stream"),
  intermediateSize: count.describe("width of the SwiGLU layer"),
  numHiddenLayers: count,
  numAttentionHeads: count.describe("query heads"),
  numKeyValueHeads: count.describe("key/value heads; each serves numAttentionHeads / numKeyValueHeads query heads"),
  maxPositionEmbeddings: count.describe("longest sequence that the model is meant for; not enforced"),
  ropeTheta: z.number().positive().default(1_000_000).describe("base of the rotary frequencies"),
  ropeScaling: RopeScalingSchema.optional().describe("how the rotary frequencies were stretched for longer sequences; absent: not at all"),
  rmsNormEps: z.number().positive().default(1e-6),
  attentionBias: z.boolean().optional().describe("whether q, k and v have biases; absent: they do, as in Dream and Qwen2"),
  initializerRange: z.number().positive().default(0.02).describe("standard deviation of new weights"),
  tieWordEmbeddings: z.boolean().default(false).describe("the head is the transpose of the embedding"),
};

const transformerObject = z.strictObject(transformerShape);

/** Sizes and constants of a Dream, Qwen2 or Llama transformer: all that `forward` needs to know. */
export type TransformerConfig = Readonly<z.output<typeof transformerObject>>;

type Issue = (holds: boolean, key: string, message: string, got: unknown) => void;

function issuesInto(issues: z.core.$ZodRawIssue[]): Issue {
  return (holds, key, message, got) => {
    if (!holds) issues.push({ code: "custom", input: got, path: [key], message: `${message}, got ${String(got)}` });
  };
}

function checkSizes({ hiddenSize, numAttentionHeads, numKeyValueHeads }: TransformerConfig, require: Issue): void {
  require(hiddenSize % (2 * numAttentionHeads) ===
    0, "hiddenSize", `must be a multiple of twice the ${numAttentionHeads} attention heads`, hiddenSize);
  require(numAttentionHeads % numKeyValueHeads === 0, "numKeyValueHeads", `must divide the ${numAttentionHeads} attention heads`, numKeyValueHeads);
}

/** A masked diffusion model: the transformer and its special token ids. `ModelConfig` is its output. */
export const ModelConfigSchema = z
  .strictObject({ ...transformerShape, maskTokenId: tokenId, padTokenId: tokenId, eosTokenId: tokenId, bosTokenId: tokenId })
  .check(({ value: config, issues }) => {
    const require = issuesInto(issues);
    checkSizes(config, require);
    for (const key of ["maskTokenId", "padTokenId", "eosTokenId", "bosTokenId"] as const) {
      require(config[key] < config.vocabSize, key, `must be below vocabSize (${config.vocabSize})`, config[key]);
    }
  });

export type ModelConfig = Readonly<z.output<typeof ModelConfigSchema>>;

/** An autoregressive model, whose tokens see only those before them. `AutoregressiveConfig` is its output. */
export const AutoregressiveConfigSchema = z
  .strictObject({
    ...transformerShape,
    modelType: z.enum(["qwen2", "llama"]),
    eosTokenIds: z.array(tokenId).describe("tokens that end a text"),
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

export type AutoregressiveConfig = Readonly<z.output<typeof AutoregressiveConfigSchema>>;
