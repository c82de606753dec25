// Decoding under constraints, in any order. Before each pass, a constraint says which classes of tokens each masked position
// may get, given all that is revealed; the device draws from those only. Tokens of one step are proposed independently, so
// they are committed one by one, and a token that no longer fits the ones before it stays masked until the next step.
import { InvalidArgumentError } from "@diffucoder/core";
import type { Canvas, Change } from "../canvas.ts";
import type { Decoder, DecoderRow, RowDecoder } from "../decoders/decoder.ts";
import type { TokenClasses } from "../denoiser.ts";

export interface Constraint {
  readonly tokenClasses: TokenClasses;
  /**
   * Which classes each column may get so that the masks of the row can still be filled in a way that keeps to the
   * constraint: `[columns * classCount]`.
   */
  allowed(row: ConstraintRow, columns: readonly number[]): Uint8Array;
}

export interface ConstraintRow {
  ids: Int32Array;
  /** First column that the constraint is about. */
  completionStart: number;
  /** Column of the end token: nothing behind it counts. */
  end?: number | undefined;
  maskTokenId: number;
}

/**
 * A decoder that keeps to a constraint.
 *
 * @throws {InvalidArgumentError} while it runs, if a position may get no token at all; or if the decoder edits, remasks or
 * has classes of its own
 */
export function constrain(decoder: Decoder, constraint: Constraint): Decoder {
  if (decoder.tokenClasses !== undefined)
    throw new InvalidArgumentError({ argument: "decoder", value: "one with token classes of its own", expected: "without constraints" });
  return {
    ...decoder,
    tokenClasses: constraint.tokenClasses,
    // What is held back in one step costs another: at worst each step commits one token.
    maxSteps: (canvas) => decoder.maxSteps(canvas) + canvas.ids.length,
    start: (row) => constrainedRow(decoder.start(row), row, constraint),
  };
}

function constrainedRow(inner: RowDecoder, { canvas, maskTokenId }: DecoderRow, constraint: Constraint): RowDecoder {
  const { classOf, classCount } = constraint.tokenClasses;
  const rowOf = (ids: Int32Array): ConstraintRow => ({ ids, completionStart: canvas.completionStart, end: canvas.end, maskTokenId });
  return {
    ask: (step) => {
      const question = inner.ask(step);
      if (question === undefined || question.columns.length === 0) return question;
      const allowed = constraint.allowed(rowOf(canvas.ids), question.columns);
      expectSome(allowed, question.columns, classCount, canvas);
      return { ...question, allowed };
    },
    answer: (candidates, step) => {
      const change = inner.answer(candidates, step);
      const ids = canvas.ids.slice();
      const fits = change.positions.map((column, i) => {
        if (ids[column] !== maskTokenId) return fail("edits");
        // What the denoiser was told holds until the first commitment.
        const isAllowed = i === 0 || constraint.allowed(rowOf(ids), [column])[classOf[change.tokens[i] as number] as number] === 1;
        if (isAllowed) ids[column] = change.tokens[i] as number;
        return isAllowed;
      });
      if (change.remasked !== undefined) fail("remasks");
      return keep(change, fits);
    },
  };
}

function fail(what: string): never {
  throw new InvalidArgumentError({ argument: "decoder", value: `one that ${what}`, expected: "one that only commits, to keep to a constraint" });
}

function keep(change: Change, fits: readonly boolean[]): Change {
  const kept = <T>(values: readonly T[]): T[] => values.filter((_, i) => fits[i]);
  return {
    ...change,
    positions: kept(change.positions),
    tokens: kept(change.tokens),
    confidence: kept(change.confidence),
    entropy: kept(change.entropy),
  };
}

function expectSome(allowed: Uint8Array, columns: readonly number[], classCount: number, { completionStart }: Canvas): void {
  columns.forEach((column, i) => {
    if (allowed.subarray(i * classCount, (i + 1) * classCount).includes(1)) return;
    throw new InvalidArgumentError({
      argument: "constraint",
      value: `no token for position ${column - completionStart} of the completion`,
      expected: "one that can be kept",
      wayOut: "Constraints contradict each other, the given tokens break them, or there are too few masks to keep to them.",
    });
  });
}
