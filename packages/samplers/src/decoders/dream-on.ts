// Infilling of variable length (DreamOn, `eval/generator.py`): in each step the surest masked position gets its token, and
//   an expand token becomes two masks, as long as there is room and budget;
//   an end token closes its hole: it is removed, and so are the masks behind it in the hole.
// Differs: 1. a row can have several holes, and an end token closes only its own; 2. rows share a batch.
import { parseConfig } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import { z } from "zod";
import { type Change, maskedColumns } from "../canvas.ts";
import { MOST } from "../limits.ts";
import type { Alg, TokenSampling } from "../options.ts";
import { surest } from "../selection/surest.ts";
import { type Candidates, commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";

/** The special tokens of a DreamOn model, and how far its holes may grow. */
export interface DreamOnOptions extends TokenSampling {
  /** Id of the model's `<|expand|>`, which becomes two masks. */
  expandTokenId: number;
  /** Id of the end token, which closes its hole. */
  eosTokenId: number;
  /** Tokens of the vocabulary. */
  vocabSize: number;
  /** Tokens of all holes of a row together, at most: from 1 to 131,072. @default 64 */
  maxNewTokens?: number | undefined;
  /** How often a row may expand, from 0 to 131,072. @default `maxNewTokens` times */
  expandBudget?: number | undefined;
  /** Which position comes first, as in `SamplerOptions`. @default "entropy" */
  alg?: Exclude<Alg, "origin"> | undefined;
}

/** Options of `dreamOnDecoder`. Unknown keys fail. */
export const DreamOnOptionsSchema = z.strictObject({
  expandTokenId: z.int().nonnegative().describe("the model's <|expand|>"),
  eosTokenId: z.int().nonnegative(),
  vocabSize: z.int().positive(),
  maxNewTokens: z.int().positive().max(MOST).default(64).describe("of all holes of a row together, tokens"),
  expandBudget: z.int().nonnegative().max(MOST).optional().describe("how often a row may expand; absent: maxNewTokens times"),
  alg: z.enum(["maskgit_plus", "topk_margin", "entropy"]).default("entropy").describe("which position comes first"),
  temperature: z.number().nonnegative().default(0).describe("0 is greedy"),
  topP: z.number().gt(0).max(1).optional().describe("nucleus sampling"),
  topK: z.int().positive().optional(),
}) satisfies z.ZodType<unknown, DreamOnOptions>;

/**
 * DreamOn's decoder, for infilling whose holes grow and shrink: one token a step, the surest.
 *
 * @throws {ConfigError} naming every bad option
 * @throws {InvalidArgumentError} if a special token is outside the vocabulary
 */
export function dreamOnDecoder(options: DreamOnOptions): Decoder {
  const parsed = parseConfig(DreamOnOptionsSchema, options, { source: "dreamOnDecoder options" });
  const { alg, temperature, topP, topK, vocabSize, expandTokenId, maxNewTokens, expandBudget = maxNewTokens } = parsed;
  checkTokenIds("[expandTokenId, eosTokenId]", [expandTokenId, parsed.eosTokenId], vocabSize);
  return {
    draw: { temperature, topP, topK, confidence: alg },
    tokenClasses: { classOf: Int32Array.from({ length: vocabSize }, (_, id) => (id === expandTokenId ? 1 : 0)), classCount: 2 },
    changesLength: true,
    // Each step fills or expands a mask, and an expansion is one mask more.
    maxSteps: ({ ids }) => ids.length + 2 * expandBudget,
    start: (row) => dreamOnRow(row, { ...parsed, expandBudget }),
  };
}

type Settings = z.output<typeof DreamOnOptionsSchema> & { expandBudget: number };

function dreamOnRow({ canvas, maskTokenId }: DecoderRow, { expandTokenId, eosTokenId, maxNewTokens, expandBudget }: Settings): RowDecoder {
  let holes = holesOf(canvas.ids, maskTokenId);
  let budget = expandBudget;
  return {
    ask: () => {
      const columns = maskedColumns(canvas.ids, maskTokenId);
      if (columns.length === 0) return undefined;
      const mayExpand = budget > 0 && holes.filter((hole) => hole !== undefined).length < maxNewTokens;
      return { columns, allowed: Uint8Array.from(columns.flatMap(() => [1, mayExpand ? 1 : 0])) };
    },
    answer: (candidates) => {
      const change = fill(candidates, { holes, expandTokenId, eosTokenId });
      budget -= change.expanded?.length ?? 0;
      holes = moveColumns(holes, change);
      return change;
    },
  };
}

/** The number of the hole that each column belongs to; `undefined` for given tokens. */
export function holesOf(ids: Int32Array, maskTokenId: number): (number | undefined)[] {
  let count = -1;
  return Array.from(ids, (token, column) => {
    if (token !== maskTokenId) return undefined;
    if (column === 0 || ids[column - 1] !== maskTokenId) count++;
    return count;
  });
}

/** What is known of each column, after columns have come and gone. */
export function moveColumns<T>(columns: readonly T[], { expanded = [], deleted = [] }: Change): T[] {
  return columns.flatMap((value, column) => {
    if (expanded.includes(column)) return [value, value];
    return deleted.includes(column) ? [] : [value];
  });
}

function fill(
  candidates: Candidates,
  { holes, expandTokenId, eosTokenId }: { holes: readonly (number | undefined)[]; expandTokenId: number; eosTokenId: number },
): Change {
  const change = commit(candidates, surest(candidates.confidence, 1));
  const [column, token] = [change.positions[0]!, change.tokens[0]!];
  if (token === expandTokenId) return { ...change, expanded: [column] };
  if (token !== eosTokenId) return change;
  const closed = candidates.columns.filter((other) => other >= column && holes[other] === holes[column]);
  return { ...change, deleted: closed };
}
