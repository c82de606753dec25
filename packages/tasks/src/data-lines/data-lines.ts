// The lines of a file of a person's own data, all of one kind.
import { FileError } from "@diffucoder/core";
import { printable } from "../printable.ts";
import type { LeftOut } from "../task.ts";
import { type DataRecord, readDataLine } from "./data-line.ts";
import { fileLines, LONGEST_LINE } from "./file-lines.ts";

/** A line that can be used, or why it cannot be. */
export type DataLine =
  | {
      /** Its number, from 1. */
      readonly line: number;
      /** Its text, as it stands in the file. */
      readonly text: string;
      /** What it says. */
      readonly record: DataRecord;
    }
  | {
      /** Its number, from 1. */
      readonly line: number;
      /** Why it cannot be used, for people. */
      readonly reason: string;
    };

const NAMES = { text: "texts", pair: "prompts with responses", task: "tasks" };
const FORMAT = "docs/training-data.md shows the format.";
/** Lines that a message names. */
const NAMED = 3;

/**
 * The lines of a file one by one, without the blank ones: those that can be used and those that cannot, with the reason. The file is read in pieces,
 * and need not fit in memory.
 *
 * @throws {FileError} if the file cannot be read, has no line that can be used, or mixes texts, pairs and tasks
 */
export function* readDataLines(path: string): Generator<DataLine> {
  let first: { line: number; kind: DataRecord["kind"] } | undefined;
  const unusable: LeftOut[] = [];
  for (const { line, text, bytes } of fileLines(path)) {
    if (text?.trim() === "") continue;
    const record = text === undefined ? problemOf(bytes) : readDataLine(text, line);
    if (typeof record === "string") {
      const reason = printable(record);
      unusable.push({ where: `line ${line}`, reason });
      yield { line, reason };
      continue;
    }
    first ??= { line, kind: record.kind };
    if (record.kind !== first.kind) throw mixed(path, first, { line, kind: record.kind });
    yield { line, text: text!, record };
  }
  if (first === undefined) throw new FileError({ path, problem: nothingIn(unusable), wayOut: FORMAT });
}

const problemOf = (bytes: number): string => (bytes > LONGEST_LINE ? `${bytes} bytes; at most ${LONGEST_LINE} are read` : "not UTF-8");

function mixed(path: string, first: { line: number; kind: DataRecord["kind"] }, other: typeof first): FileError {
  const problem = `mixes ${NAMES[first.kind]} (line ${first.line}) and ${NAMES[other.kind]} (line ${other.line}), expected one kind`;
  return new FileError({ path, problem, wayOut: "Make a file for each kind." });
}

function nothingIn(unusable: readonly LeftOut[]): string {
  if (unusable.length === 0) return "is empty";
  const more = unusable.length > NAMED ? `; and ${unusable.length - NAMED} more` : "";
  return `has no line that can be used: ${unusable
    .slice(0, NAMED)
    .map(({ where, reason }) => `${where}: ${reason}`)
    .join("; ")}${more}`;
}
