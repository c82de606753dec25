import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import { int32, type NdArray } from "@diffucoder/tensor";

export interface CheckResult {
  /** Name of the golden file, e.g. `"forward.json"`. */
  file: string;
  status: "ok" | "mismatch" | "not covered";
  /** Largest relative error, see `largestError`; `undefined` where nothing was compared. */
  largestError: number | undefined;
  /** What was compared, or what is wrong, or what is missing. */
  detail: string;
}

/** Compares one golden file of a directory with what the packages compute. */
export interface Check {
  file: string;
  run(directory: string): Promise<Omit<CheckResult, "file">>;
}

/** One comparison inside a check: a name for the report, the largest error found and the largest allowed. */
export interface Comparison {
  what: string;
  error: number;
  tolerance: number;
}

/** A check's result from its comparisons: the worst is the largest share of its tolerance. */
export function judge(comparisons: readonly Comparison[], note = ""): Omit<CheckResult, "file"> {
  const largestError = comparisons.reduce((largest, { error }) => Math.max(largest, error), 0);
  const wrong = comparisons.filter(({ error, tolerance }) => !(error <= tolerance));
  const describe = ({ what, error }: Comparison): string => `${what} ${error.toExponential(1)}`;
  const text =
    wrong.length > 0
      ? wrong.map((one) => `${describe(one)} (allowed ${one.tolerance.toExponential(0)})`).join(", ")
      : comparisons.map(describe).join(", ");
  return { status: wrong.length > 0 ? "mismatch" : "ok", largestError, detail: note === "" ? text : `${text}; ${note}` };
}

/**
 * `max |got - want| / max(|want|, floor)` over all pairs; Infinity if the lengths differ or a number is missing.
 *
 * @param floor size below which errors count as absolute ones, in units of the floor. @default 1
 */
export function largestError(got: ArrayLike<number>, want: ArrayLike<number>, floor = 1): number {
  if (got.length !== want.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i]! - want[i]!) / Math.max(Math.abs(want[i]!), floor);
    // A NaN is as wrong as can be; Math.max alone would keep it and every comparison with it is false.
    largest = Math.max(largest, Number.isNaN(error) ? Infinity : error);
  }
  return largest;
}

/** A golden file, as the type that the caller knows it to be of. @throws {FileError} */
export function readGolden<T>(directory: string, file: string): T {
  const path = join(directory, file);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch (cause) {
    throw new FileError({ path, problem: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message, cause });
  }
}

/** An int32 array from nested lists of equal lengths. */
export function int32Rows(rows: readonly (readonly number[])[]): NdArray {
  return int32(rows.flat(), [rows.length, rows[0]?.length ?? 0]);
}
