// What a request takes while it is decoded, for whoever decides how many are decoded together.
import { cachedNetwork, modelTraits } from "@diffucoder/model";
import type { ModelFolder } from "./folder/model-folder.ts";
import type { Decoding } from "./requests/resolve-decoding.ts";

/** What a request takes while it is decoded. */
export interface RequestSize {
  /** Tokens of its prompt, or of all that is given around its holes. */
  promptTokens: number;
  /** Rows of the batch: 1, or more where a decoder asks about several versions of a row at once. */
  rows: number;
  /** Columns of each row at most: prompt, padding and completion. */
  columns: number;
  /** Bytes of keys and values; 0 without a cache. */
  cacheBytes: number;
}

/** The most that requests that are decoded together take. */
export interface BatchLimits {
  /** Rows. */
  rows: number;
  /** Tokens, each row as long as the longest. */
  tokens: number;
  /** Bytes of keys and values. */
  cacheBytes: number;
}

type Sized = { settings: Pick<Decoding, "decoder" | "cache">; promptTokens: number; columns: number };

/** Tells the sizes of requests to a model. */
export function requestSizes({ config }: Pick<ModelFolder, "config">): (request: Sized) => RequestSize {
  const keepsAlways = modelTraits(config).attention !== "full";
  let columnBytes: number | undefined;
  return ({ settings: { decoder, cache }, promptTokens, columns }) => {
    const rows = decoder.versions ?? 1;
    const keeps = cache === undefined ? keepsAlways : cache.kind !== "blocks";
    if (keeps) columnBytes ??= bytesOfColumn(config);
    return { promptTokens, rows, columns, cacheBytes: keeps ? rows * columns * columnBytes! : 0 };
  };
}

function bytesOfColumn(config: ModelFolder["config"]): number {
  const { keys, values } = cachedNetwork(config).emptyCache({ rows: 1, length: 1 });
  return [...keys, ...values].reduce((sum, { data }) => sum + data.byteLength, 0);
}
