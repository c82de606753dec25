// A denoiser that keeps keys and values from pass to pass, after Fast-dLLM (arXiv 2505.22618: prefix and dual) and
// dKV-Cache (2505.15781: delayed); for a block-causal model, the exact cache of block diffusion (BD3-LM, 2503.09573).
// Differs: 1. rows of a batch have their own windows and are refreshed when they need it, each on its own; 2. the pass
// that refreshes a row is a denoising step, not an extra pass, and no first token is forced; 3. the column before a
// window is part of it, so that the shift is exact; 4. a token that changes outside the window (padding behind the end,
// an edit) is recomputed; 5. a window is filled up to one of a few widths with the columns that were computed longest ago.
import { InvalidArgumentError } from "@diffucoder/core";
import { type CachedNetwork, checkTokenIds, type KeyValueCache } from "@diffucoder/diffusion";
import type { Executor, NdArray } from "@diffucoder/tensor";
import type { CacheState, DenoiseRequest, DenoiseSession, DisposableDenoiser, Proposals } from "../denoiser.ts";
import type { VocabularyOptions } from "../draw.ts";
import type { CacheOptions } from "./options.ts";
import { newRowMemory, planRow, realColumns, remember, resizedMemory, type RowMemory, type RowPlan, type RowQuestion } from "./row-plan.ts";
import { type PassRow, type WindowPasses, windowPasses } from "./window-pass.ts";

/** A network that keeps keys and values, how its logits are read, and what is kept. */
export interface CreateCachedDenoiserOptions extends VocabularyOptions {
  /** The network, which computes a window of a row with the rest from the cache. */
  network: CachedNetwork;
  /** The network's parameters by name. Read at every pass. Keys and values of a run are not recomputed when the arrays change during it. */
  parameters: () => Readonly<Record<string, NdArray>>;
  /** The parameters never change, as in `createDenoiser`. @default false */
  frozen?: boolean | undefined;
  /** What is kept from pass to pass, as `CacheOptionsSchema` gives it. */
  cache: CacheOptions;
  /** Tokens of the longest row. @default any */
  maxLength?: number | undefined;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/**
 * A denoiser with a K/V cache. Samplers take it like any other; each of their runs has a cache of its own, of
 * 8 * layers * rows * columns * kv heads * head size bytes, which is gone when the run is.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createCachedDenoiser(options: CreateCachedDenoiserOptions): DisposableDenoiser {
  const { network, cache, maskTokenId, maxLength, frozen = false, shift = true } = options;
  const measuresDrift = cache.kind !== "block-causal" && cache.refreshDrift !== undefined;
  const passes = windowPasses({ ...options, frozen, measuresDrift });
  const openSession = ({ rows }: { rows: number }): DenoiseSession =>
    new CacheSession({ network, passes, options: cache, vocabSize: options.vocabSize, shift, rows });
  return {
    maskTokenId,
    vocabSize: options.vocabSize,
    mayProposeMask: options.forbiddenIds?.includes(maskTokenId) !== true,
    maxLength,
    openSession,
    // Alone, a request's rows are the run's.
    propose: ({ rows: _, ...request }) => openSession({ rows: request.batchSize }).propose(request),
    dispose: () => passes.dispose(),
  };
}

interface SessionOptions {
  network: CachedNetwork;
  passes: WindowPasses;
  options: CacheOptions;
  vocabSize: number;
  shift: boolean;
  /** Rows of the run. */
  rows: number;
}

/** A row of the request that asks something. */
interface PlannedRow {
  /** Of the request. */
  row: number;
  memory: RowMemory;
  question: RowQuestion;
  plan: RowPlan;
  pass: PassRow;
}

class CacheSession implements DenoiseSession {
  readonly #session: SessionOptions;
  /** One row more than the run has: that one is scratch. */
  #cache: KeyValueCache<NdArray> | undefined;
  #rows: RowMemory[] = [];
  #length = 0;

  constructor(session: SessionOptions) {
    this.#session = session;
  }

  async propose(request: DenoiseRequest): Promise<Proposals> {
    if ((request.guidanceScale ?? 0) > 0) {
      throw new InvalidArgumentError({
        argument: "guidanceScale",
        value: request.guidanceScale,
        expected: "0 with a K/V cache",
        wayOut: "Guide a denoiser without a cache.",
      });
    }
    checkTokenIds("inputIds", request.inputIds, this.#session.vocabSize);
    this.#makeRoom(request.length);
    const planned = this.#plan(request);
    const result: Proposals & { forwardTokens: number } = {
      tokens: new Int32Array(request.positions.length),
      confidence: new Float32Array(request.positions.length),
      entropy: new Float32Array(request.positions.length),
      forwardTokens: 0,
    };
    for (const rows of groups(planned)) await this.#run(rows, request, result);
    const cache = Array.from({ length: request.batchSize }, (): CacheState | undefined => undefined);
    for (const { row, plan } of planned) cache[row] = plan === "refresh" ? "refresh" : "window";
    return { ...result, cache };
  }

  release(row: number): void {
    if (this.#cache !== undefined) this.#rows[row] = newRowMemory(this.#length);
  }

  close(): void {
    this.#cache = undefined;
    this.#rows = [];
  }

  /** In a batch of another length rows keep what they have: that another one grows must change nothing for them. */
  #makeRoom(length: number): void {
    if (this.#cache !== undefined && length === this.#length) return;
    const { network, rows } = this.#session;
    const [before, empty] = [this.#cache, network.emptyCache({ rows: rows + 1, length })];
    this.#cache = before === undefined ? empty : copied({ cache: before, length: this.#length }, empty, length);
    this.#rows = Array.from({ length: rows }, (_, row) => (before ? resizedMemory(this.#rows[row] as RowMemory, length) : newRowMemory(length)));
    this.#length = length;
  }

  #plan(request: DenoiseRequest): PlannedRow[] {
    const { inputIds, positions, length, attentionMask, positionIds, windows } = request;
    const { options, shift } = this.#session;
    const asked = groupBy([...positions.keys()], (i) => Math.floor((positions[i] as number) / length));
    return [...asked].map(([row, indices]): PlannedRow => {
      const of = (values: Int32Array): Int32Array => values.subarray(row * length, (row + 1) * length);
      const slot = request.rows?.[row] ?? row;
      const memory = this.#rows[slot] as RowMemory;
      const columns = indices.map((i) => (positions[i] as number) - row * length);
      const ids = of(inputIds);
      const mask = attentionMask && of(attentionMask);
      const [first] = realColumns({ ids, attentionMask: mask });
      const origin = request.blockOrigins?.[row] ?? 0;
      const logitColumns = shift ? columns.map((column) => Math.max(first, column - 1)) : columns;
      const question: RowQuestion = {
        ids,
        attentionMask: mask,
        blockOrigin: origin,
        asked: columns,
        logitColumns,
        block: windows === undefined ? [0, length] : [windows[2 * row] as number, windows[2 * row + 1] as number],
      };
      const plan = planRow(memory, question, options);
      const pass: PassRow = {
        slot,
        ids,
        attentionMask: mask,
        positionIds: positionIds && of(positionIds),
        columns: plan === "refresh" ? undefined : plan.columns,
        visible: visibleColumns(options, origin, length),
        positions: indices,
        logitColumns,
      };
      return { row, memory, question, plan, pass };
    });
  }

  async #run(rows: readonly PlannedRow[], request: DenoiseRequest, result: Proposals & { forwardTokens: number }): Promise<void> {
    const { proposals, cache, drift, forwardTokens } = await this.#session.passes.run(
      this.#cache as KeyValueCache<NdArray>,
      rows.map(({ pass }) => pass),
      { request, scratch: this.#session.rows },
    );
    this.#cache = cache;
    result.forwardTokens += forwardTokens;
    rows.forEach(({ memory, question, plan }, i) => remember(memory, question, plan, meanDrift({ memory, question, plan, drift: drift[i] })));
    rows
      .flatMap(({ pass }) => pass.positions)
      .forEach((position, i) => {
        result.tokens[position] = proposals.tokens[i] as number;
        result.confidence[position] = proposals.confidence[i] as number;
        result.entropy[position] = proposals.entropy[i] as number;
      });
  }
}

/** Rows that compute equally many columns run together. */
function groups(rows: readonly PlannedRow[]): PlannedRow[][] {
  return [...groupBy(rows, ({ plan }) => (plan === "refresh" ? -1 : plan.columns.length)).values()];
}

/** Mean over the columns whose own token is the same as before: what is left is what others have changed. */
function meanDrift({
  memory,
  question,
  plan,
  drift,
}: Pick<PlannedRow, "memory" | "question" | "plan"> & { drift: Float32Array | undefined }): number {
  if (drift === undefined || plan === "refresh") return 0;
  const moved = [...drift].filter((_, i) => {
    const column = plan.columns[i] as number;
    return memory.tokens[column] === question.ids[column];
  });
  return moved.length === 0 ? 0 : moved.reduce((a, b) => a + b, 0) / moved.length;
}

function visibleColumns(options: CacheOptions, origin: number, length: number): ((column: number) => number) | undefined {
  if (options.kind !== "block-causal") return undefined;
  const { blockLength } = options;
  return (column) => (column < origin ? length : Math.min(length, origin + (Math.floor((column - origin) / blockLength) + 1) * blockLength));
}

/** `Map.groupBy`, which Node 20 has not. */
function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const result = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = result.get(key);
    if (group) group.push(value);
    else result.set(key, [value]);
  }
  return result;
}

/** The columns that two caches have in common, from one to the other. */
function copied({ cache, length }: { cache: KeyValueCache<NdArray>; length: number }, target: KeyValueCache<NdArray>, newLength: number) {
  for (const part of ["keys", "values"] as const) {
    cache[part].forEach((from, i) => copyColumns({ array: from, length }, { array: target[part][i] as NdArray, length: newLength }));
  }
  return target;
}

/** Columns are the last part of the one axis in which the two differ: `[..., n * length, ...]`. */
function copyColumns(from: { array: NdArray; length: number }, to: { array: NdArray; length: number }): void {
  const axis = from.array.shape.findIndex((size, i) => size !== to.array.shape[i]);
  const inner = from.array.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = Math.min(from.length, to.length) * inner;
  for (let i = 0; i * from.length * inner < from.array.size; i++) {
    const start = i * from.length * inner;
    to.array.data.set(from.array.data.subarray(start, start + size), i * to.length * inner);
  }
}
