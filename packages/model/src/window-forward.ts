// The transformer on a window of each row, with the keys and values of the row's other columns from a cache. B rows,
// W window columns, N columns in all, KV heads of size S; the cache holds R >= B rows.
//   K[:, window], V[:, window] <- those of the window's tokens;   logits = transformer(window, attention over K, V)
// With full attention, keys and values depend on every token of the row, so those outside the window are as old as
// the pass that wrote them: the result is exact if nothing changed since, and an approximation (Fast-dLLM, arXiv
// 2505.22618) if something did. Where no query sees a later block, they depend on what came before only, and stay exact.
// Differs from Fast-dLLM's code: 1. every row has its own window; 2. padding hides keys, not queries (there the mask is
// cut along the wrong axis); 3. logits come from wherever they are asked for, so that a shifted model's first position
// has its true predecessor, if that is in the window.
import { ShapeError } from "@diffucoder/core";
import type { CachedNetwork, KeyValueCache, ModelParameters, WindowLogitsInputs, WindowLogitsResult } from "@diffucoder/diffusion";
import {
  add,
  cast,
  div,
  greaterEqual,
  iota,
  maximum,
  mul,
  type NdArray,
  replaceRows,
  reshape,
  sqrt,
  sub,
  sum,
  take,
  type Tensor,
  zerosArray,
} from "@diffucoder/tensor";
import { type AttentionBias, hidden } from "./attention-mask.ts";
import { headSizeOf, type TransformerConfig } from "./config.ts";
import { type KeysAndValues, transformer } from "./forward.ts";

/**
 * Raw logits of a window and the cache with the window's keys and values. The whole row as window gives what `forward` gives.
 *
 * @throws {ShapeError} if an input does not fit the others
 */
export function windowForward(
  config: TransformerConfig,
  parameters: Readonly<ModelParameters<Tensor>>,
  inputs: WindowLogitsInputs,
): WindowLogitsResult {
  const { inputIds, cache, length, columns, rows, attentionMask, visible, logitPositions } = inputs;
  checkShapes(config, inputs);
  const [batch, width] = inputIds.shape as [number, number];
  const { numKeyValueHeads: heads } = config;
  const headSize = headSizeOf(config);
  const cacheRows = (cache.keys[0] as Tensor).shape[0]!;
  const slots = slotsOf({ batch, width, heads, length, rows, columns });
  const isWholeCache = rows === undefined && cacheRows === batch * heads * length;

  const updated: KeyValueCache<Tensor> = { keys: [], values: [] };
  let drift: Tensor | undefined;
  const replaced = (table: Tensor, own: Tensor): Tensor => replaceRows(table, slots, reshape(own, [batch * heads * width, headSize]));
  const seen = (own: Tensor, table: Tensor): Tensor => {
    if (columns === undefined) return own;
    const chosen = isWholeCache ? table : take(reshape(table, [-1, heads * length * headSize]), rows ?? iota(batch));
    return reshape(chosen, [batch, heads, length, headSize]);
  };
  const remember = (layer: number, own: KeysAndValues): KeysAndValues => {
    const keys = (updated.keys[layer] = replaced(cache.keys[layer] as Tensor, own.keys));
    const values = (updated.values[layer] = replaced(cache.values[layer] as Tensor, own.values));
    drift = relativeChange(reshape(take(cache.values[layer] as Tensor, slots), own.values.shape), own.values);
    return { keys: seen(own.keys, keys), values: seen(own.values, values) };
  };
  const logits = transformer(config, parameters, {
    inputIds,
    positionIds: inputs.positionIds ?? columns,
    logitPositions,
    bias: windowBias({ batch, width, length, attentionMask, columns, visible }),
    remember,
  });
  return { logits, cache: updated, drift: drift as unknown as Tensor };
}

/**
 * Room for the keys (rotated) and values of `rows` rows of `length` columns, `[rows * KV * length, S]` for each layer, all
 * zeros: 8 * layers * rows * length * KV * S bytes.
 */
export function emptyCache(
  config: TransformerConfig,
  {
    rows,
    length,
  }: {
    /** Rows of the batch. */
    rows: number;
    /** Columns of each row. */
    length: number;
  },
): KeyValueCache<NdArray> {
  const shape = [rows * config.numKeyValueHeads * length, headSizeOf(config)];
  const layers = (): NdArray[] => Array.from({ length: config.numHiddenLayers }, () => zerosArray(shape));
  return { keys: layers(), values: layers() };
}

/** `windowForward` and `emptyCache` for a fixed config: the form that samplers take a network with a cache in. */
export function cachedNetwork(config: TransformerConfig): CachedNetwork {
  return { logits: (parameters, inputs) => windowForward(config, parameters, inputs), emptyCache: (size) => emptyCache(config, size) };
}

/** Where the cache keeps head `h` of the window's column `w` in row `b`: `[B * KV * W]`. */
function slotsOf({
  batch,
  width,
  heads,
  length,
  rows = iota(batch),
  columns,
}: {
  batch: number;
  width: number;
  heads: number;
  length: number;
  rows: Tensor | undefined;
  columns: Tensor | undefined;
}): Tensor {
  const row = mul(reshape(rows, [batch, 1, 1]), heads * length);
  const head = mul(reshape(iota(heads), [1, heads, 1]), length);
  const column = columns === undefined ? reshape(iota(width), [1, 1, width]) : reshape(columns, [batch, 1, width]);
  return reshape(add(add(row, head), column), [batch * heads * width]);
}

/** `[B, KV, W, S]` twice -> `|new - old| / |new|`, `[B, W]`. */
function relativeChange(before: Tensor, after: Tensor): Tensor {
  const norm = (x: Tensor): Tensor => sqrt(sum(mul(x, x), { axes: [1, 3] }));
  return div(norm(sub(after, before)), maximum(norm(after), 1e-30));
}

function windowBias({
  batch,
  width,
  length,
  attentionMask,
  columns,
  visible,
}: { batch: number; width: number; length: number } & Pick<WindowLogitsInputs, "attentionMask" | "columns" | "visible">): AttentionBias {
  const real = attentionMask && cast(attentionMask, "float32"); // [B, N]
  const padding = real && reshape(mul(sub(1, real), hidden), [batch, 1, 1, length]);
  const pattern = visible && mul(cast(greaterEqual(iota(length), reshape(visible, [batch, 1, width, 1])), "float32"), hidden); // [B, 1, W, N]
  return {
    scores: pattern && padding ? add(pattern, padding) : (pattern ?? padding),
    queries: real && reshape(columns === undefined ? real : takeColumns(real, columns), [batch * width, 1]),
  };
}

/** `x [B, N]`, `columns [B, W]` -> `[B, W]`. */
function takeColumns(x: Tensor, columns: Tensor): Tensor {
  const [batch, length] = x.shape as [number, number];
  return take(reshape(x, [batch * length]), add(columns, mul(reshape(iota(batch), [batch, 1]), length)));
}

function checkShapes(
  config: TransformerConfig,
  { inputIds, cache, length, columns, rows, attentionMask, positionIds, visible }: WindowLogitsInputs,
): void {
  if (inputIds.shape.length !== 2) throw new ShapeError({ argument: "inputIds", shape: inputIds.shape, expected: "[B, W]" });
  const [batch, width] = inputIds.shape as [number, number];
  if (columns === undefined && width !== length)
    throw new ShapeError({ argument: "inputIds", shape: inputIds.shape, expected: `[${batch}, ${length}], all columns, or columns` });
  const expect = (argument: string, tensor: Tensor | undefined, expected: readonly number[], as: string): void => {
    if (tensor === undefined || tensor.shape.join() === expected.join()) return;
    throw new ShapeError({ argument, shape: tensor.shape, expected: `[${expected.join(", ")}], ${as}` });
  };
  for (const [argument, tensor] of Object.entries({ columns, positionIds, visible })) expect(argument, tensor, [batch, width], "as inputIds");
  expect("rows", rows, [batch], "one for each row of inputIds");
  expect("attentionMask", attentionMask, [batch, length], "rows and columns");
  const [slots, headSize] = [config.numKeyValueHeads * length, headSizeOf(config)];
  for (const [name, tables] of Object.entries({ keys: cache.keys, values: cache.values })) {
    if (tables.length !== config.numHiddenLayers)
      throw new ShapeError({ argument: `cache.${name}`, shape: [tables.length], expected: `a tensor for each of ${config.numHiddenLayers} layers` });
    for (const { shape } of tables) {
      const fits = shape.length === 2 && shape[1] === headSize && shape[0]! % slots === 0 && shape[0]! >= batch * slots;
      if (!fits)
        throw new ShapeError({
          argument: `cache.${name}`,
          shape,
          expected: `[R * ${slots}, ${headSize}] with at least ${batch} rows R of ${length} columns`,
        });
    }
  }
}
