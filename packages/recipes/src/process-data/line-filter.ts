// What is left out without a judge: copies, lines of the wrong length, and lines that have something of a benchmark.
import { createHash } from "node:crypto";
import { type DataRecord, frameOf, promptMessages, type WordGrams } from "@diffucoder/tasks";
import type { Tokenizer } from "@diffucoder/tokenizer";
import type { ProcessDataConfig } from "./process-data-config.ts";

/** Why a line is left out. */
export type Reason = "unusable" | "duplicate" | "too short" | "too long" | "contaminated" | "not judged" | "difficulty";

/** A line that is left out. */
export interface LeftOutLine {
  /** Its number in the file, from 1. */
  readonly line: number;
  /** Why, in a word. */
  readonly reason: Reason;
  /** Why, for people. */
  readonly detail: string;
}

/** What a line's filter works with. */
export interface LineFilterOptions {
  config: Pick<ProcessDataConfig, "deduplicate" | "minTokens" | "maxTokens">;
  tokenizer: Pick<Tokenizer, "encode">;
  /** Texts of benchmarks. @default not compared */
  grams: WordGrams | undefined;
}

/** Everything of a record that a model would see or learn. */
export function textOfRecord(record: DataRecord): string {
  if (record.kind === "text") return record.text;
  if (record.kind === "pair") return [...record.messages.map(({ content }) => content), record.response].join("\n");
  const { prompt, solution = "", language } = record.task.task;
  if (prompt === undefined) return solution;
  const { prefix, suffix } = frameOf({ prompt });
  const asked =
    prompt.kind === "text" || prompt.kind === "messages" ? promptMessages({ id: "", language, prompt }, "chat").map(({ content }) => content) : [];
  return [...asked, `${prefix}${solution}${suffix}`].join("\n");
}

/** A function that says why a line is left out; lines are given in their order. @returns undefined if the line stays */
export function lineFilter({ config, tokenizer, grams }: LineFilterOptions): (line: number, record: DataRecord) => LeftOutLine | undefined {
  const { deduplicate, minTokens, maxTokens = Infinity } = config;
  const seen = new Map<string, number>();
  return (line, record) => {
    const text = textOfRecord(record);
    if (deduplicate) {
      const key = createHash("sha1").update(text.trim().replaceAll(/\s+/g, " ")).digest("base64");
      const earlier = seen.get(key);
      if (earlier !== undefined) return { line, reason: "duplicate", detail: `the same as line ${earlier}` };
      seen.set(key, line);
    }
    const tokens = tokenizer.encode(text).length;
    if (tokens < minTokens) return { line, reason: "too short", detail: `${tokens} tokens; at least ${minTokens} are kept` };
    if (tokens > maxTokens) return { line, reason: "too long", detail: `${tokens} tokens; at most ${maxTokens} are kept` };
    const overlap = grams?.overlap(text);
    return overlap && { line, reason: "contaminated", detail: `has words of ${overlap.name}: ${overlap.words}` };
  };
}
