// A denoiser that keeps keys and values from pass to pass, after Fast-dLLM (arXiv 2505.22618: prefix and dual) and
// dKV-Cache (2505.15781: delayed); for a block-causal model, the exact cache of block diffusion (BD3-LM, 2503.09573).
// Differs: 1. rows of a batch have their own windows and are refreshed when they need it, each on its own; 2. the pass
// that refreshes a row is a denoising step, not an extra pass, and no first token is forced; 3. the column before a
// window is part of it, so that the shift is exact; 4. a token that changes outside the window (padding behind the end,
// an edit) is recomputed; 5. a window is filled up to one of a few widths with the columns that were computed longest ago.
import { InvalidArgumentError } from "@diffucoder/core";
import { type CachedNetwork, checkTokenIds } from "@diffucoder/diffusion";
import type { Executor, NdArray } from "@diffucoder/tensor";
import type { CacheState, DenoiseRequest, DenoiseSession, DisposableDenoiser, Proposals } from "../denoiser.ts";
import { visibleColumns } from "../block-attention.ts";
import type { VocabularyOptions } from "../draw.ts";
import { CacheRoom, rowsOfLength } from "./cache-room.ts";
import type { CacheOptions } from "./options.ts";
import type { PrefixCache } from "./prefix-cache.ts";
import { RowPrefixes } from "./row-prefixes.ts";
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
  /**
   * Where rows leave the keys and values of their finished blocks when they end, and find those of earlier rows that began with the same
   * tokens. For the exact cache of block-causal and autoregressive models alone. @default nothing outlives a row
   */
  prefixes?: PrefixCache | undefined;
  /** Bytes of the keys and values of a run's or loop's rows, at most: in a loop rows wait for room. Prefixes count by themselves. @default no bound */
  maxCacheBytes?: number | undefined;
  /** Tokens of the longest row. @default any */
  maxLength?: number | undefined;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/**
 * A denoiser with a K/V cache. Samplers take it like any other; each of their runs and loops has a cache of its own, of
 * 8 * layers * rows * columns * kv heads * head size bytes for the rows that it decodes, which is gone when they are.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary, or prefixes are to be kept of a cache that is
 *   not exact
 */
export function createCachedDenoiser(options: CreateCachedDenoiserOptions): DisposableDenoiser {
  const { network, cache, maskTokenId, maxLength, maxCacheBytes, prefixes, parameters, vocabSize, frozen = false, shift = true } = options;
  const measuresDrift = cache.kind !== "block-causal" && cache.refreshDrift !== undefined;
  if (prefixes !== undefined && (cache.kind !== "block-causal" || cache.blockCache === true))
    throw new InvalidArgumentError({ argument: "prefixes", value: cache, expected: "absent with a cache that is an approximation" });
  const passes = windowPasses({ ...options, frozen, measuresDrift });
  const limits = (rows: number) => ({ rows, length: maxLength, bytes: maxCacheBytes, fewLengths: cache.kind === "block-causal" });
  const openSession = ({ rows }: { rows: number }): DenoiseSession => {
    const room = new CacheRoom(network, limits(rows));
    const weights = (): number => prefixes?.numberOf(parameters()) ?? 0;
    const kept = prefixes && cache.kind === "block-causal" ? new RowPrefixes({ prefixes, room, blockLength: cache.blockLength }) : undefined;
    return new CacheSession({ room, passes, options: cache, vocabSize, shift, kept, weights });
  };
  return {
    maskTokenId,
    vocabSize: options.vocabSize,
    mayProposeMask: options.forbiddenIds?.includes(maskTokenId) !== true,
    maxLength,
    ...(maxCacheBytes !== undefined && {
      rowsOfLength: (length, most) => rowsOfLength(network, length, limits(most)),
    }),
    openSession,
    get plans() {
      return passes.plans;
    },
    // Alone, a request's rows are the session's.
    propose: ({ rows: _, ...request }) => openSession({ rows: request.batchSize }).propose(request),
    dispose: () => passes.dispose(),
  };
}

interface SessionOptions {
  room: CacheRoom;
  passes: WindowPasses;
  options: CacheOptions;
  vocabSize: number;
  shift: boolean;
  /** What rows take from earlier ones, and leave. */
  kept: RowPrefixes | undefined;
  /** The number of the weights as they are now. */
  weights: () => number;
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
  /** By the row of the session. */
  readonly #rows = new Map<number, RowMemory>();

  constructor(session: SessionOptions) {
    this.#session = session;
  }

  async propose(request: DenoiseRequest): Promise<Proposals> {
    const guidanceScale = Math.max(...request.draws.map((draw) => draw.guidanceScale ?? 0));
    if (guidanceScale > 0) {
      throw new InvalidArgumentError({
        argument: "guidanceScale",
        value: guidanceScale,
        expected: "0 with a K/V cache",
        wayOut: "Guide a denoiser without a cache.",
      });
    }
    if (request.unseenFrom !== undefined)
      throw new InvalidArgumentError({
        argument: "compat",
        value: true,
        expected: "false with a K/V cache",
        wayOut: "Decode with a denoiser without a cache.",
      });
    checkTokenIds("inputIds", request.inputIds, this.#session.vocabSize);
    this.#makeRoom(request);
    const planned = this.#plan(request);
    const result: Proposals & { forwardTokens: number } = {
      tokens: new Int32Array(request.positions.length),
      confidence: new Float32Array(request.positions.length),
      entropy: new Float32Array(request.positions.length),
      forwardTokens: 0,
    };
    try {
      for (const rows of groups(planned)) await this.#run(rows, request, result);
    } catch (error) {
      this.#rows.clear(); // what a pass has left half done is nothing to go on from
      this.#session.kept?.clear();
      throw error;
    }
    const cache = Array.from({ length: request.batchSize }, (): CacheState | undefined => undefined);
    for (const { row, plan } of planned) cache[row] = plan === "refresh" ? "refresh" : "window";
    return { ...result, cache };
  }

  release(row: number): void {
    const { kept, weights } = this.#session;
    const memory = this.#rows.get(row);
    if (memory !== undefined) kept?.end(row, memory, weights());
    this.#rows.delete(row);
  }

  close(): void {
    for (const row of this.#rows.keys()) this.release(row);
    this.#session.room.clear();
  }

  /** In a batch of another size rows keep what they have: that another one comes, grows or leaves must change nothing for them. */
  #makeRoom({ rows, batchSize, length }: DenoiseRequest): void {
    const { room } = this.#session;
    const slots = rows ?? Array.from({ length: batchSize }, (_, row) => row);
    room.fit({ rows: 1 + Math.max(...slots, ...this.#rows.keys()), length: Math.max(length, ...this.#lengths()) });
    for (const slot of slots) if (!this.#rows.has(slot)) this.#rows.set(slot, newRowMemory(room.size.length));
    for (const [slot, memory] of this.#rows)
      if (memory.tokens.length !== room.size.length) this.#rows.set(slot, resizedMemory(memory, room.size.length));
  }

  /** Columns that the rows have something to remember of. */
  #lengths(): number[] {
    return [...this.#rows.values()].map(({ tokens }) => 1 + tokens.findLastIndex((token) => token !== -1));
  }

  #plan(request: DenoiseRequest): PlannedRow[] {
    const { inputIds, positions, length, attentionMask, positionIds, windows } = request;
    const { options, shift, room, kept, weights } = this.#session;
    const asked = groupBy([...positions.keys()], (i) => Math.floor((positions[i] as number) / length));
    return [...asked].map(([row, indices]): PlannedRow => {
      /** The row, and padding up to the columns of the room. */
      const of = (values: Int32Array | undefined, fill: number, absent: (column: number) => number): Int32Array => {
        const result = new Int32Array(room.size.length).fill(fill);
        for (let column = 0; column < length; column++) result[column] = values?.[row * length + column] ?? absent(column);
        return result;
      };
      const slot = request.rows?.[row] ?? row;
      const memory = this.#rows.get(slot)!;
      const columns = indices.map((i) => positions[i]! - row * length);
      const ids = of(inputIds, 0, () => 0);
      const mask = of(attentionMask, 0, () => 1);
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
      if (memory.passes === 0) kept?.begin(slot, memory, question, weights());
      const plan = planRow(memory, question, options);
      const pass: PassRow = {
        slot,
        ids,
        attentionMask: mask,
        positionIds: of(positionIds, 1, (column) => column),
        columns: plan === "refresh" ? undefined : plan.columns,
        visible: options.kind === "block-causal" ? visibleColumns(options, { origin, length: room.size.length }) : undefined,
        positions: indices,
        logitColumns,
      };
      return { row, memory, question, plan, pass };
    });
  }

  async #run(rows: readonly PlannedRow[], request: DenoiseRequest, result: Proposals & { forwardTokens: number }): Promise<void> {
    const { room, passes, options } = this.#session;
    const pass = { request, length: room.size.length, scratch: room.size.rows };
    const { proposals, cache, drift, forwardTokens } = await passes.run(
      room.cache,
      rows.map((row) => row.pass),
      pass,
    );
    room.cache = cache;
    result.forwardTokens += forwardTokens;
    rows.forEach(({ memory, question, plan }, i) =>
      remember(memory, question, plan, { kind: options.kind, drift: meanDrift({ memory, question, plan, drift: drift[i] }) }),
    );
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
