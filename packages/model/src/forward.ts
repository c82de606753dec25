// The transformer of Dream, Qwen and Llama. B rows of L tokens, width D, H query and KV key/value heads of size S, V words:
//   x = embed(ids)                                                     [B * L, D]
//   for each layer:  x += o(attention(norm(x)))                        attention(y) = softmax(q k^T / sqrt(S)) v; Qwen3: q, k normed
//                    x += down(silu(gate(norm(x))) * up(norm(x)))      SwiGLU
//   logits = head(norm(x))                                             [B, L, V]
// Differs from Hugging Face's code: 1. heads that share keys and values are rows of one product, K and V are not
// repeated; 2. 1/sqrt(S) is part of the rotary table of q; 3. with `logitPositions`, the last MLP runs only there, and in a
// batch of one row the last layer's queries too.
import { ShapeError } from "@diffucoder/core";
import type { LogitsFunction, LogitsInputs, ModelParameters } from "@diffucoder/diffusion";
import { add, attention, mul, rematerialize, reshape, rmsNorm, rotaryHeads, swiglu, take, type Tensor, transpose } from "@diffucoder/tensor";
import { attentionBias, type AttentionBias } from "./attention-mask.ts";
import { headSizeOf, type TransformerConfig } from "./config.ts";
import { rotaryTables, type RotaryTables } from "./rotary-tables.ts";
import { embed, isQuantized, parameterOf, project } from "./weights.ts";

/** What the transformer sees, and how it is trained. */
export interface ForwardInputs extends LogitsInputs {
  /** Forget each layer's activations and compute them again in the backward pass: less memory, a third more work. @default false */
  gradientCheckpointing?: boolean | undefined;
}

/**
 * Raw logits of the transformer, as the head gives them: those at position `i` predict token `i + 1`, so a diffusion
 * model reads them shifted by one (`shiftLogits` of `@diffucoder/diffusion`).
 *
 * @param parameters by Hugging Face name, see `parameterShapes`; or quantized, see `quantizedParameterShapes`
 * @returns `[B, L, V]`, or `[M, V]` with `logitPositions`
 * @throws {ShapeError} if an input does not fit the others
 * @throws {InvalidArgumentError} if a parameter is missing
 */
export function forward(config: TransformerConfig, parameters: Readonly<ModelParameters<Tensor>>, inputs: ForwardInputs): Tensor {
  const { inputIds, attentionMask, positionIds, attention: pattern = "full" } = inputs;
  if (inputIds.shape.length !== 2) throw new ShapeError({ argument: "inputIds", shape: inputIds.shape, expected: "[B, L]" });
  const [batch, length] = inputIds.shape as [number, number];
  for (const [argument, tensor] of Object.entries({ attentionMask, positionIds })) {
    const fits = tensor === undefined || (tensor.shape.length === 2 && tensor.shape[0] === batch && tensor.shape[1] === length);
    if (!fits) throw new ShapeError({ argument, shape: tensor.shape, expected: `[${batch}, ${length}], as inputIds` });
  }
  return transformer(config, parameters, { ...inputs, bias: attentionBias({ attention: pattern, attentionMask, batch, length }) });
}

export interface TransformerInputs extends Pick<ForwardInputs, "inputIds" | "positionIds" | "logitPositions" | "gradientCheckpointing"> {
  bias: AttentionBias;
  /** Keys and values that a layer's queries see, given those of the tokens themselves. @default those */
  remember?: (layer: number, own: KeysAndValues) => KeysAndValues;
}

export interface KeysAndValues {
  /** `[B, KV, L, S]`, rotated. */
  keys: Tensor;
  /** `[B, KV, L, S]`. */
  values: Tensor;
}

/** `forward` after its checks, with the attention pattern as a bias. */
export function transformer(
  config: TransformerConfig,
  parameters: Readonly<ModelParameters<Tensor>>,
  { inputIds, positionIds, logitPositions, gradientCheckpointing = false, bias, remember }: TransformerInputs,
): Tensor {
  const [batch, length] = inputIds.shape as [number, number];
  const headSize = headSizeOf(config);
  const tables = { batch, length, headSize, theta: config.ropeTheta, scaling: config.ropeScaling, positionIds };
  const context: AttentionContext = {
    config,
    parameters,
    batch,
    length,
    queryTables: rotaryTables({ ...tables, scale: 1 / Math.sqrt(headSize) }),
    keyTables: rotaryTables(tables),
    bias,
    queries: undefined,
    remember: (own) => own,
  };
  const block = (layer: number, input: Tensor, weights: Readonly<ModelParameters<Tensor>>): Tensor => {
    const prefix = `model.layers.${layer}`;
    const norm = (y: Tensor, name: string): Tensor => rmsNorm(y, parameterOf(weights, `${prefix}.${name}.weight`), { eps: config.rmsNormEps });
    const wanted = layer === config.numHiddenLayers - 1 ? logitPositions : undefined;
    // The queries of several rows make no rectangle once some are left out, nor do patterns that differ by query.
    const isOneRow = batch === 1 && (bias.scores === undefined || bias.scores.shape.at(-2) === 1);
    const queries = isOneRow && wanted !== undefined && wanted.shape[0]! < length ? wanted : undefined;
    const attended = selfAttention(norm(input, "input_layernorm"), `${prefix}.self_attn`, {
      ...context,
      parameters: weights,
      queries,
      ...(remember && { remember: (own) => remember(layer, own) }),
    });
    let x = add(queries === undefined ? input : take(input, queries), attended);
    if (wanted !== undefined && queries === undefined) x = take(x, wanted); // [M, D]
    const y = norm(x, "post_attention_layernorm");
    const mlp = (name: string, z: Tensor): Tensor => project(weights, `${prefix}.mlp.${name}.weight`, z);
    return add(x, mlp("down_proj", swiglu(mlp("gate_proj", y), mlp("up_proj", y))));
  };
  let x = embed(parameters, EMBEDDING, reshape(inputIds, [batch * length])); // [B * L, D]
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    x = gradientCheckpointing
      ? rematerialize((input, weights) => block(layer, input, weights), x, ofLayer(parameters, layer))
      : block(layer, x, parameters);
  }
  const normal = rmsNorm(x, parameterOf(parameters, "model.norm.weight"), { eps: config.rmsNormEps });
  const isTied = config.tieWordEmbeddings && !isQuantized(parameters, HEAD);
  const logits = project(parameters, isTied ? EMBEDDING : HEAD, normal);
  return logitPositions === undefined ? reshape(logits, [batch, length, config.vocabSize]) : logits;
}

/**
 * `forward` for a fixed config: the form that losses, samplers and trainers take a network in.
 *
 * @param options `attention` is that of calls that give none
 */
export function logitsFunction(
  config: TransformerConfig,
  { attention, ...options }: Pick<ForwardInputs, "attention" | "gradientCheckpointing"> = {},
): LogitsFunction {
  return (parameters, inputs) => forward(config, parameters, { ...options, ...inputs, attention: inputs.attention ?? attention });
}

function ofLayer(parameters: Readonly<ModelParameters<Tensor>>, layer: number): ModelParameters<Tensor> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => name.startsWith(`model.layers.${layer}.`)));
}

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

interface AttentionContext {
  config: TransformerConfig;
  parameters: Readonly<ModelParameters<Tensor>>;
  batch: number;
  length: number;
  queryTables: RotaryTables;
  keyTables: RotaryTables;
  bias: AttentionBias;
  /** The tokens of the only row that ask, int32 `[M]`. @default all, of all rows */
  queries: Tensor | undefined;
  remember: (own: KeysAndValues) => KeysAndValues;
}

/** `x [B * L, D]` -> `[B * L, D]`, or `[M, D]` with `queries`. */
function selfAttention(x: Tensor, prefix: string, context: AttentionContext): Tensor {
  const { config, parameters, batch, length, queryTables, keyTables, bias, queries, remember } = context;
  const { numAttentionHeads: queryHeads, numKeyValueHeads: keyHeads } = config;
  const headSize = headSizeOf(config);
  const heads = (name: string, count: number, input = x): Tensor => {
    const product = project(parameters, `${prefix}.${name}.weight`, input);
    const flat = (config.attentionBias ?? true) ? add(product, parameterOf(parameters, `${prefix}.${name}.bias`)) : product;
    return reshape(flat, [batch, -1, count, headSize]); // [B, L, count, S]
  };
  const normed = (name: string, x: Tensor): Tensor =>
    config.queryKeyNorm === true ? rmsNorm(x, parameterOf(parameters, `${prefix}.${name}.weight`), { eps: config.rmsNormEps }) : x;
  const asking = queries === undefined ? length : queries.shape[0]!;
  const q =
    queries === undefined
      ? rotaryHeads(normed("q_norm", heads("q_proj", queryHeads)), queryTables)
      : rotaryHeads(normed("q_norm", heads("q_proj", queryHeads, take(x, queries))), {
          ...queryTables,
          positions: takeTokens(queryTables.positions, queries),
        });
  const { keys, values } = remember({
    keys: rotaryHeads(normed("k_norm", heads("k_proj", keyHeads)), keyTables),
    values: transpose(heads("v_proj", keyHeads), [0, 2, 1, 3]),
  });
  const mixed = attention(q, keys, values, { bias: bias.scores }); // [B, H, L, S]
  const merged = reshape(transpose(mixed, [0, 2, 1, 3]), [batch * asking, queryHeads * headSize]);
  const seeing = bias.queries && (queries === undefined ? bias.queries : take(bias.queries, queries));
  return project(parameters, `${prefix}.o_proj.weight`, seeing === undefined ? merged : mul(merged, seeing));
}

/** `[1, L]` -> `[1, M]` */
function takeTokens(x: Tensor, tokens: Tensor): Tensor {
  return reshape(take(reshape(x, [-1]), tokens), [1, tokens.shape[0]!]);
}
