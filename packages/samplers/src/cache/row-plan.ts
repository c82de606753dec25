// Which columns of a row a pass computes, and which it takes from the cache. Pure functions of the row: what its
// neighbours in the batch need changes nothing, so that a row's output does not depend on them.
import type { CacheOptions } from "./options.ts";

/** What the cache knows of one row of N columns. */
export interface RowMemory {
  /** Token that each column's keys and values were computed from, -1 for none: `[N]`. */
  tokens: Int32Array;
  /** The row's pass in which they were: `[N]`. */
  computedAt: Int32Array;
  /** Passes so far. */
  passes: number;
  /** Passes since the row was computed as a whole, that one included; 0: never. */
  sinceRefresh: number;
  /** How far values have moved since then. */
  drift: number;
  /** The block that the row was refreshed for, and its first asked column then. */
  block: readonly [number, number];
  firstAsked: number;
}

/** What a pass must tell of a row. */
export interface RowQuestion {
  /** `[N]` */
  ids: Int32Array;
  /** 1 for real tokens, 0 for padding: `[N]`. Absent: all real. */
  attentionMask: Int32Array | undefined;
  /** Columns whose tokens are proposed, ascending. */
  asked: readonly number[];
  /** Columns whose logits propose them. */
  logitColumns: readonly number[];
  /** First column of the block in play, and the column behind it. */
  block: readonly [number, number];
}

/** `"refresh"`: the whole row; else columns, ascending, and of which of them the results may be kept. */
export type RowPlan = "refresh" | { columns: number[]; keepBefore: number };

export function newRowMemory(length: number): RowMemory {
  return {
    tokens: new Int32Array(length).fill(-1),
    computedAt: new Int32Array(length),
    passes: 0,
    sinceRefresh: 0,
    drift: 0,
    block: [0, 0],
    firstAsked: 0,
  };
}

export function planRow(memory: RowMemory, question: RowQuestion, options: CacheOptions): RowPlan {
  if (options.kind === "block-causal") return planBlockCausal(memory, question, options.blockLength);
  const { refreshSteps = Infinity, refreshDrift = Infinity } = options;
  const { block, ids } = question;
  const isNewBlock = memory.block[0] !== block[0] || memory.block[1] !== block[1];
  if (memory.sinceRefresh === 0 || isNewBlock || memory.sinceRefresh >= refreshSteps || memory.drift > refreshDrift) return "refresh";
  const [from, to] = recomputed(memory, question, options.kind);
  const needed = new Set([...range(from, to), ...question.asked, ...question.logitColumns, ...changedColumns(memory, question)]);
  const width = needed.size <= to - from ? to - from : ladder(needed.size);
  // A window of nearly the whole row saves little and is wrong a little: the whole row costs about the same.
  return width >= 0.75 * ids.length ? "refresh" : { columns: filledUp(needed, width, memory, question), keepBefore: ids.length };
}

/** Notes what a pass computed. Call before `ids` change. */
export function remember(memory: RowMemory, { ids, block, asked }: RowQuestion, plan: RowPlan, drift: number): void {
  memory.passes++;
  const keep = (column: number): void => {
    memory.tokens[column] = ids[column] as number;
    memory.computedAt[column] = memory.passes;
  };
  if (plan === "refresh") {
    ids.forEach((_, column) => keep(column));
    Object.assign(memory, { sinceRefresh: 1, drift: 0, block: [...block], firstAsked: asked[0] ?? 0 });
    return;
  }
  for (const column of plan.columns) if (column < plan.keepBefore) keep(column);
  memory.sinceRefresh++;
  memory.drift += drift;
}

/** The smallest of 1, 2, 3, 4, 6, 8, 12, 16, 24, ... that holds `count`: few sizes are ever compiled. */
export function ladder(count: number): number {
  if (count <= 2) return count;
  const power = 2 ** Math.floor(Math.log2(count - 1));
  return count <= 1.5 * power ? 1.5 * power : 2 * power;
}

/** The columns that a kind of cache recomputes in any case. The logits of a block's first column come from the one before it. */
function recomputed({ firstAsked }: RowMemory, { ids, block }: RowQuestion, kind: "prefix" | "dual" | "delayed"): [number, number] {
  const from = Math.max(0, firstAsked - 1);
  if (kind === "delayed") return [from, from];
  return [from, kind === "dual" ? block[1] : ids.length];
}

/** With causal blocks, a changed token changes the keys and values of its block and of all later ones. */
function planBlockCausal(memory: RowMemory, question: RowQuestion, blockLength: number): RowPlan {
  const { ids, logitColumns } = question;
  const last = Math.max(...logitColumns);
  const end = Math.min(ids.length, (Math.floor(last / blockLength) + 1) * blockLength);
  const changed = changedColumns(memory, question, end)[0] ?? end;
  const from = Math.floor(changed / blockLength) * blockLength;
  const needed = new Set([...range(from, end).filter((column) => isReal(question, column)), ...logitColumns]);
  const usual = blockLength === 1 ? 1 : blockLength + 1;
  const width = Math.min(ids.length, needed.size <= usual ? usual : ladder(needed.size));
  return { columns: filledUp(needed, width, memory, question, end), keepBefore: end };
}

function changedColumns({ tokens }: RowMemory, question: RowQuestion, end = question.ids.length): number[] {
  return range(0, end).filter((column) => isReal(question, column) && tokens[column] !== question.ids[column]);
}

/** Columns up to a width: those needed, then the ones that were computed the longest ago. */
function filledUp(needed: ReadonlySet<number>, width: number, { computedAt }: RowMemory, question: RowQuestion, end = question.ids.length): number[] {
  const rank = (column: number): number => (column >= end ? 2 : isReal(question, column) ? 0 : 1);
  const others = range(0, question.ids.length)
    .filter((column) => !needed.has(column))
    .sort((a, b) => rank(a) - rank(b) || (computedAt[a] as number) - (computedAt[b] as number) || a - b);
  return [...needed, ...others.slice(0, width - needed.size)].sort((a, b) => a - b);
}

function isReal({ attentionMask }: RowQuestion, column: number): boolean {
  return attentionMask === undefined || attentionMask[column] === 1;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
