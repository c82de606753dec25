// Which columns of a row a pass computes, and which it takes from the cache. Pure functions of the row: what its
// neighbours in the batch need changes nothing, so that a row's output does not depend on them.
import { fineLadder, ladder } from "../sizes.ts";
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
  /** The block that the row was refreshed for. */
  block: readonly [number, number];
  /** Its first asked column then; with causal blocks, that of its last pass. */
  firstAsked: number;
}

/** What a pass must tell of a row. */
export interface RowQuestion {
  /** `[N]` */
  ids: Int32Array;
  /** 1 for real tokens, 0 for padding: `[N]`. Absent: all real. */
  attentionMask: Int32Array | undefined;
  /** Column from which the blocks of a block-causal model count. @default 0 */
  blockOrigin?: number;
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

/** The memory of a row in a batch of another length: columns behind the shorter one are not known. */
export function resizedMemory(memory: RowMemory, length: number): RowMemory {
  const [tokens, computedAt] = [new Int32Array(length).fill(-1), new Int32Array(length)];
  tokens.set(memory.tokens.subarray(0, length));
  computedAt.set(memory.computedAt.subarray(0, length));
  return { ...memory, tokens, computedAt };
}

export function planRow(memory: RowMemory, question: RowQuestion, options: CacheOptions): RowPlan {
  if (options.kind === "block-causal") return planBlockCausal(memory, question, options);
  const { refreshSteps = Infinity, refreshDrift = Infinity } = options;
  const { block } = question;
  const [first, end] = realColumns(question);
  const isNewBlock = memory.block[0] !== block[0] || memory.block[1] !== block[1];
  if (memory.sinceRefresh === 0 || isNewBlock || memory.sinceRefresh >= refreshSteps || memory.drift > refreshDrift) return "refresh";
  const [from, to] = recomputed(memory, question, options.kind);
  const needed = new Set([...range(from, to), ...question.asked, ...question.logitColumns, ...changedColumns(memory, question)]);
  const width = needed.size <= to - from ? to - from : ladder(needed.size);
  // A window of nearly the whole row saves little and is wrong a little: the whole row costs about the same.
  return width >= 0.75 * (end - first) ? "refresh" : { columns: filledUp(needed, width, memory, question), keepBefore: end };
}

/** Notes what a pass computed. Call before `ids` change. */
export function remember(
  memory: RowMemory,
  question: RowQuestion,
  plan: RowPlan,
  { kind, drift = 0 }: Pick<CacheOptions, "kind"> & { drift?: number },
): void {
  const { ids, block, asked } = question;
  memory.passes++;
  if (kind === "block-causal" && plan !== "refresh") forgetBehind(memory, question, plan);
  const keep = (column: number): void => {
    // What was computed as padding is nothing to go on from where a row grows into it.
    memory.tokens[column] = isReal(question, column) ? (ids[column] as number) : -1;
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

/** What is known behind the block of a pass: nothing more where an earlier token has changed, nor where the pass filled itself up. */
function forgetBehind(memory: RowMemory, question: RowQuestion, { columns, keepBefore }: Exclude<RowPlan, "refresh">): void {
  const isChanged = causalChanges(memory, question, keepBefore).length > 0;
  memory.tokens.fill(-1, isChanged ? keepBefore : realColumns(question)[1]);
  for (const column of columns) if (column >= keepBefore) memory.tokens[column] = -1;
  memory.firstAsked = question.asked[0] ?? 0;
}

/** The columns that a kind of cache recomputes in any case. The logits of a block's first column come from the one before it. */
function recomputed({ firstAsked }: RowMemory, question: RowQuestion, kind: "prefix" | "dual" | "delayed"): [number, number] {
  const [first, end] = realColumns(question);
  const from = Math.max(first, firstAsked - 1);
  if (kind === "delayed") return [from, from];
  return [from, kind === "dual" ? Math.min(question.block[1], end) : end];
}

/** With causal blocks, a changed token changes the keys and values of its block and of all later ones. */
function planBlockCausal(
  memory: RowMemory,
  question: RowQuestion,
  { blockLength, blockCache = false }: { blockLength: number; blockCache?: boolean | undefined },
): RowPlan {
  const { logitColumns, blockOrigin: origin = 0 } = question;
  const [first, behind] = realColumns(question);
  const blockStart = (column: number): number => origin + Math.floor((column - origin) / blockLength) * blockLength;
  const blockEnd = blockStart(Math.max(...logitColumns)) + blockLength;
  const end = Math.min(behind, blockEnd);
  const [changed] = causalChanges(memory, question, blockEnd);
  const from = changed === undefined ? end : blockStart(changed);
  if (blockCache && from === blockStart(logitColumns[0]!)) {
    const columns = subBlock(memory, question, [from, end]);
    if (columns !== undefined) return { columns, keepBefore: end };
  }
  const needed = new Set([...range(from, end).filter((column) => isReal(question, column)), ...logitColumns]);
  const width = Math.min(behind - first, widthFor(needed.size, blockLength));
  return { columns: filledUp(needed, width, memory, question, end), keepBefore: end };
}

/** A block, a block and the column before it that predicts its first token, or one of few sizes for more. */
function widthFor(columns: number, blockLength: number): number {
  return columns <= blockLength ? blockLength : columns === blockLength + 1 ? columns : fineLadder(columns);
}

/** The columns of the sub-block alone, if they answer all that is asked and the rest of the block has keys and values, of whatever age. */
function subBlock({ tokens }: RowMemory, question: RowQuestion, [from, end]: [number, number]): number[] | undefined {
  const [first, behind] = question.block;
  const isAnswered = question.logitColumns.every((column) => column >= first && column < behind);
  const isKept = range(from, end).every((column) => !isReal(question, column) || tokens[column] !== -1);
  return isAnswered && isKept ? range(Math.max(from, first), Math.min(end, behind)).filter((column) => isReal(question, column)) : undefined;
}

/** Columns that changed what their block sees: other tokens, and those that were there and are gone. */
function causalChanges({ tokens }: RowMemory, question: RowQuestion, end: number): number[] {
  return range(0, Math.min(end, tokens.length)).filter((column) => tokens[column] !== (isReal(question, column) ? question.ids[column] : -1));
}

function changedColumns({ tokens }: RowMemory, question: RowQuestion): number[] {
  return range(0, question.ids.length).filter((column) => isReal(question, column) && tokens[column] !== question.ids[column]);
}

/** Columns up to a width: those needed, then the ones that were computed the longest ago. */
function filledUp(needed: ReadonlySet<number>, width: number, { computedAt }: RowMemory, question: RowQuestion, end = question.ids.length): number[] {
  const rank = (column: number): number => (column >= end ? 2 : isReal(question, column) ? 0 : 1);
  const others = range(0, question.ids.length)
    .filter((column) => !needed.has(column))
    .sort((a, b) => rank(a) - rank(b) || (computedAt[a] as number) - (computedAt[b] as number) || a - b);
  return [...needed, ...others.slice(0, width - needed.size)].sort((a, b) => a - b);
}

/** The first real column and the column behind the last: padding, which depends on the row's neighbours, must plan nothing. */
export function realColumns({ ids, attentionMask }: Pick<RowQuestion, "ids" | "attentionMask">): [number, number] {
  return attentionMask === undefined ? [0, ids.length] : [attentionMask.indexOf(1), attentionMask.lastIndexOf(1) + 1];
}

function isReal({ attentionMask }: RowQuestion, column: number): boolean {
  return attentionMask === undefined || attentionMask[column] === 1;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
