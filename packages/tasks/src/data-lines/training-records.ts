// What stages with a text or a response to learn (pretraining, mid-training, instruction tuning) read from a person's own file.
import { FileError } from "@diffucoder/core";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { completionText } from "../tiny-code/render.ts";
import type { LeftOut } from "../task.ts";
import type { PairRecord, TaskRecord, TextRecord } from "./data-line.ts";
import { readDataLines } from "./data-lines.ts";

/** The records of a file, all of one kind. */
export type TrainingRecords = {
  /** Lines that are not used, by number, and why. */
  readonly leftOut: readonly LeftOut[];
} & (
  | {
      /** Texts to learn as they are. */
      readonly kind: "text";
      /** In the order of the file. */
      readonly records: readonly TextRecord[];
    }
  | {
      /** Prompts with responses. */
      readonly kind: "pair";
      /** In the order of the file. */
      readonly records: readonly PairRecord[];
    }
);

/**
 * Reads a file of texts, of prompts with responses, or of tasks whose solutions are the responses, as docs/training-data.md describes them. Unusable
 * lines are left out and reported by number.
 *
 * @throws {FileError} if the file cannot be read, has no record, or mixes kinds
 */
export function readTrainingRecords(path: string): TrainingRecords {
  const texts: TextRecord[] = [];
  const pairs: PairRecord[] = [];
  const leftOut: LeftOut[] = [];
  for (const one of readDataLines(path)) {
    const record = "record" in one ? (one.record.kind === "task" ? pairOf(one.record) : one.record) : one.reason;
    if (typeof record === "string") leftOut.push({ where: `line ${one.line}`, reason: record });
    else if (record.kind === "text") texts.push(record);
    else pairs.push(record);
  }
  if (texts.length > 0) return { kind: "text", records: texts, leftOut };
  if (pairs.length > 0) return { kind: "pair", records: pairs, leftOut };
  const [{ where, reason } = { where: "", reason: "" }] = leftOut;
  throw new FileError({ path, problem: `has no record to train on: ${where}: ${reason}`, wayOut: "docs/training-data.md shows the format." });
}

/** A task with a solution is a prompt with a response: the program in a fence, as rewards expect it. */
function pairOf({ task: { task } }: TaskRecord): PairRecord | string {
  const { prompt, solution, language } = task;
  if (prompt === undefined || solution === undefined) return "a task needs a prompt and a solution to be learned";
  if (prompt.kind === "text") return { kind: "pair", messages: [{ role: "user", content: prompt.text }], response: fenced(solution, language) };
  if (prompt.kind === "messages") return { kind: "pair", messages: prompt.messages, response: fenced(solution, language) };
  return "a task with a hole has no response";
}

function fenced(solution: string, language: string): string {
  const whole = solution.endsWith("\n") ? solution : `${solution}\n`;
  return completionText(whole, language);
}

/** Token ids of a prompt with its response, as `encodeExample` gives those of TinyCode: the response ends with the end-of-turn token. */
export function encodePair(
  { messages, response }: Pick<PairRecord, "messages" | "response">,
  tokenizer: Tokenizer,
): {
  /** The conversation, to where the answer begins. */
  promptIds: number[];
  /** Ends with the end-of-turn token. */
  completionIds: number[];
} {
  return { promptIds: tokenizer.encodeChat([...messages]), completionIds: [...tokenizer.encode(response), tokenizer.special.imEnd] };
}
