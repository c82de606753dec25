// Decoding under constraints, in any order. Before each pass, a constraint says which classes of tokens each masked position
// may get, given all that is revealed; the device draws from those only. Tokens of one step are proposed independently, so
// they are committed one by one, and a token that no longer fits the ones before it stays masked until the next step.
// A decoder that replaces revealed tokens is proposed any token for them, and keeps the old one where the new one does not
// fit. Masking a token again takes nothing away: the masks can still be filled, by that token for one.
import { ConstraintError, InvalidArgumentError } from "@diffucoder/core";
import { type Canvas, type Change, withDrafts } from "../canvas.ts";
import type { Decoder, DecoderRow, RowDecoder, Version } from "../decoders/decoder.ts";
import type { TokenClasses } from "../denoiser.ts";

/** What a completion must keep to. */
export interface Constraint {
  /** The classes that `allowed` speaks of. */
  readonly tokenClasses: TokenClasses;
  /** The option that says what it asks for, for errors. @default "constraint" */
  readonly argument?: string;
  /** Tokens of the shortest completion that keeps to it; infinite: none does. @default not known */
  readonly fewestTokens?: number;
  /** Does beforehand what takes long, and lets others have their turn meanwhile. @default nothing takes long */
  prepare?(): Promise<void>;
  /**
   * Which classes each column may get so that the masks of the row can still be filled in a way that keeps to the
   * constraint: `[columns * classCount]`.
   */
  allowed(row: ConstraintRow, columns: readonly number[]): Uint8Array;
}

/** A row as a constraint sees it, while it is decoded. */
export interface ConstraintRow {
  /** Its tokens, masks among them. Only to be read. */
  ids: Int32Array;
  /** First column that the constraint is about. */
  completionStart: number;
  /** Column of the end token: nothing behind it counts. */
  end?: number | undefined;
  /** First column that the constraint is not about any more. @default that behind the row */
  until?: number | undefined;
  /** Id of the mask token. */
  maskTokenId: number;
}

/** Positions of a completion, counted from its start. */
export interface Span {
  /** The first. */
  start: number;
  /** How many. */
  length: number;
}

/**
 * A decoder that keeps to a constraint.
 *
 * @param spans parts of the completion that keep to the constraint each on its own, from left to right. @default all of it is one
 * @throws {ConstraintError} when it is prepared, if a span is too short; while it runs, if a position may get no token at all
 * @throws {InvalidArgumentError} if the decoder has token
 * classes of its own, as `dreamOnDecoder` and constrained decoders have
 */
export function constrain(decoder: Decoder, constraint: Constraint, spans?: readonly Span[]): Decoder {
  if (decoder.tokenClasses !== undefined)
    throw new InvalidArgumentError({
      argument: "decoder",
      value: decoder.changesLength ? "one that changes the length of rows" : "one that is constrained already",
      expected: "one without token classes of its own, to keep to a constraint",
      wayOut: "Use a decoder of fixed length, and one constraint that says both.",
    });
  return {
    ...decoder,
    get tokenClasses() {
      return constraint.tokenClasses;
    },
    prepare: async () => {
      await constraint.prepare?.();
      for (const { length } of spans ?? []) expectRoom(constraint, length);
    },
    // What is held back in one step costs another: at worst each step commits one token.
    maxSteps: (canvas) => decoder.maxSteps(canvas) + canvas.ids.length,
    start: (row) => constrainedRow(decoder.start(row), row, { constraint, spans }),
  };
}

function expectRoom({ fewestTokens = 0, argument }: Constraint, length: number): void {
  if (fewestTokens <= length) return;
  throw new ConstraintError(
    fewestTokens === Infinity
      ? "No text of this model's tokens keeps to the constraint."
      : `The shortest text that keeps to the constraint has ${fewestTokens} tokens, and there is room for ${length}. Make room for more, or allow shorter texts.`,
    { argument },
  );
}

function constrainedRow(
  inner: RowDecoder,
  { canvas, maskTokenId }: DecoderRow,
  { constraint, spans }: { constraint: Constraint; spans: readonly Span[] | undefined },
): RowDecoder {
  const { classOf, classCount } = constraint.tokenClasses;
  const allowedAt = (ids: Int32Array, columns: readonly number[]): Uint8Array =>
    allowedInSpans({ ids, completionStart: canvas.completionStart, end: canvas.end, maskTokenId }, columns, { constraint, spans });
  /** A column is held to what stands before it only. A draft that breaks the constraint leaves nothing behind it; no token there is written. */
  const allowedOfVersions = (versions: readonly Version[]): Uint8Array => {
    const asked = versions.flatMap(({ columns, drafts }) =>
      columns.map((column) => ({
        column,
        ids: withDrafts(
          canvas.ids,
          drafts.filter(([draft]) => draft < column),
        ),
      })),
    );
    const allowed = asked.map(({ column, ids }) => allowedAt(ids, [column]));
    expectSome(allowed[0]!, [asked[0]!.column], constraint, canvas);
    return Uint8Array.from(allowed.flatMap((classes) => [...classes]));
  };
  return {
    ask: (step) => {
      const question = inner.ask(step);
      if (question === undefined || question.columns.length === 0) return question;
      if (question.versions !== undefined) return { ...question, allowed: allowedOfVersions(question.versions) };
      const masked = question.columns.filter((column) => canvas.ids[column] === maskTokenId);
      const ofMasks = allowedAt(canvas.ids, masked);
      expectSome(ofMasks, masked, constraint, canvas);
      if (masked.length === question.columns.length) return { ...question, allowed: ofMasks };
      const allowed = new Uint8Array(question.columns.length * classCount).fill(1);
      masked.forEach((column, i) =>
        allowed.set(ofMasks.subarray(i * classCount, (i + 1) * classCount), question.columns.indexOf(column) * classCount),
      );
      return { ...question, allowed };
    },
    answer: (candidates, step) => {
      const change = inner.answer(candidates, step);
      const ids = canvas.ids.slice();
      const fits = change.positions.map((column, i) => {
        const [token, before] = [change.tokens[i] as number, ids[column] as number];
        ids[column] = maskTokenId;
        // What the denoiser was told of the masks holds until the first commitment.
        const isAllowed = (i === 0 && before === maskTokenId) || allowedAt(ids, [column])[classOf[token] as number] === 1;
        ids[column] = isAllowed ? token : before;
        return isAllowed;
      });
      return keep(change, fits);
    },
  };
}

/** Which classes columns may get, each by the span that it stands in; columns in none may get all. */
function allowedInSpans(
  row: ConstraintRow,
  columns: readonly number[],
  { constraint, spans }: { constraint: Constraint; spans: readonly Span[] | undefined },
): Uint8Array {
  if (spans === undefined) return constraint.allowed(row, columns);
  const { classCount } = constraint.tokenClasses;
  const allowed = new Uint8Array(columns.length * classCount).fill(1);
  for (const { start, length } of spans) {
    const completionStart = row.completionStart + start;
    const until = completionStart + length;
    const inside = [...columns.keys()].filter((i) => columns[i]! >= completionStart && columns[i]! < until);
    if (inside.length === 0) continue;
    const ofSpan = constraint.allowed(
      { ...row, completionStart, until },
      inside.map((i) => columns[i]!),
    );
    inside.forEach((i, at) => allowed.set(ofSpan.subarray(at * classCount, (at + 1) * classCount), i * classCount));
  }
  return allowed;
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

function expectSome(allowed: Uint8Array, columns: readonly number[], constraint: Constraint, { completionStart }: Canvas): void {
  const { tokenClasses, argument } = constraint;
  const { classCount } = tokenClasses;
  columns.forEach((column, i) => {
    if (allowed.subarray(i * classCount, (i + 1) * classCount).includes(1)) return;
    throw new ConstraintError(
      `No token at position ${column - completionStart} of the completion keeps to the constraint. ` +
        "Constraints contradict each other, the given tokens break them, or too few masks are left to keep to them.",
      { argument },
    );
  });
}
