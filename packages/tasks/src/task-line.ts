// A task as a line of JSON, documented in docs/task-format.md. Training, evaluation and `diffucoder score` all read it here.
//
// Tests of Python are read as Python's json module reads them, those of JavaScript and TypeScript as JSON.parse does. On a line with "values":
// "tagged" an object with one key stands for what JSON cannot write, e.g. { "tuple": [1, 2] }; else an object is a dict whatever it holds.
import { valueProblem } from "@diffucoder/core";
import { isFunctionName, parsePythonJson, type PythonValue } from "@diffucoder/reward-sandbox";
import { z } from "zod";
import { testsOf, testsProblem } from "./line-tests.ts";
import type { Task } from "./task.ts";
import { type VisibleTests, visibleTests } from "./visible-tests.ts";

const isTest = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && Array.isArray(value[0]);
const isRun = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every((text) => typeof text === "string");
const texts = z.union([z.string(), z.array(z.string()).min(1)]);
const message = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() });

const Line = z
  .strictObject({
    id: z.custom<unknown>((value) => idText(value) !== undefined, { error: "must be a string or a number" }),
    prompt: z
      .union([z.string().min(1), z.array(message).min(1), z.strictObject({ prefix: z.string(), suffix: z.string().default("") })], {
        error: "must be a text, a list of messages, or { prefix, suffix }",
      })
      .optional(),
    language: z.enum(["python", "javascript", "typescript"]).default("python"),
    entry_point: z.string().min(1).optional(),
    values: z.enum(["json", "tagged"]).default("json"),
    tests: z
      .array(z.custom<[unknown[], unknown]>(isTest, { error: "must be [[arguments...], expected]" }))
      .min(1)
      .optional(),
    asserts: z.array(z.string()).min(1).optional(),
    stdin: texts.optional(),
    stdout: texts.optional(),
    hidden_tests: z
      .array(
        z.custom<[unknown[], unknown] | string | [string, string]>((value) => isTest(value) || typeof value === "string" || isRun(value), {
          error: "must be [[arguments...], expected], a statement, or [stdin, stdout]",
        }),
      )
      .min(1)
      .optional(),
    solution: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
    completion: z.string().optional(),
    code: z.string().optional(),
  })
  .superRefine((line, context) => {
    const problem = testsProblem(line);
    if (problem !== undefined) context.addIssue(problem);
  })
  .refine(({ entry_point, language }) => entry_point === undefined || isFunctionName(entry_point, language), {
    path: ["entry_point"],
    error: ({ input }) => `must be the name of a function, got ${JSON.stringify((input as { entry_point: string }).entry_point).slice(0, 100)}`,
  })
  .refine(({ values, language }) => values === "json" || language === "python", { error: "values can be tagged for Python only" });

type RawLine = z.output<typeof Line>;

/** A line that could be read. */
export interface TaskLine {
  /** Its number in the file, from 1. */
  readonly line: number;
  /** Its `id` as JSON, so that a number keeps all of its digits. */
  readonly idJson: string;
  /** The task that the line describes. @default no prompt: only `diffucoder score` can use it */
  readonly task: Omit<Task, "prompt"> & Partial<Pick<Task, "prompt">>;
  /** An answer as Markdown, which `diffucoder score` judges. @default none */
  readonly completion: string | undefined;
  /** An answer as code, which `diffucoder score` judges. @default none */
  readonly code: string | undefined;
}

/** Reads a line. @returns why it cannot be used, if it cannot */
export function readTaskLine(text: string, line: number): TaskLine | string {
  let record: Record<string, unknown>;
  try {
    record = recordOf(text);
  } catch (error) {
    const { name, message: reason } = error as Error;
    return name === "SyntaxError" ? `not JSON (${reason})` : reason;
  }
  const parsed = Line.safeParse(record, { error: valueProblem });
  if (!parsed.success) return parsed.error.issues.map(({ path, message: reason }) => [...path, reason].join(": ")).join("; ");
  const { completion, code, id } = parsed.data;
  const idJson = idText(id)!;
  return { line, idJson, task: taskOf(parsed.data, idJson), completion, code };
}

function taskOf(raw: RawLine, idJson: string): TaskLine["task"] {
  const { language, entry_point: entryPoint, solution, metadata, prompt } = raw;
  const { visible, hidden } = testsOf(raw);
  return {
    id: idJson.startsWith('"') ? (JSON.parse(idJson) as string) : idJson,
    language,
    ...(prompt !== undefined && { prompt: promptOf(prompt) }),
    ...(entryPoint !== undefined && { entryPoint }),
    ...(visible && { visible: visibleTests(visible) as VisibleTests }),
    ...(hidden && { hidden }),
    ...(solution !== undefined && { solution }),
    ...(metadata !== undefined && { metadata }),
  };
}

function promptOf(prompt: NonNullable<RawLine["prompt"]>): Task["prompt"] {
  if (typeof prompt === "string") return { kind: "text", text: prompt };
  return Array.isArray(prompt) ? { kind: "messages", messages: prompt } : { kind: "hole", ...prompt };
}

/** An id as JSON; undefined if it is not an id. */
function idText(id: unknown): string | undefined {
  if (typeof id === "string" || typeof id === "number") return JSON.stringify(id);
  if (typeof id !== "object" || id === null) return undefined;
  const text = "int" in id ? id.int : "float" in id ? id.float : undefined;
  return typeof text === "string" && Number.isFinite(Number(text)) ? text : undefined;
}

const TEST_KEYS = ["tests", "hidden_tests"];

/** @throws {SyntaxError} if it is not JSON @throws {RangeError} if it is not an object, or exceeds a limit of `parsePythonJson` */
function recordOf(text: string): Record<string, unknown> {
  const record = entriesOf(parsePythonJson(text));
  if (record === undefined) throw new RangeError("not a JSON object");
  for (const key of ["prompt", "metadata"]) if (Object.hasOwn(record, key)) record[key] = plainValue(record[key] as PythonValue);
  const withTests = testSource(text, record);
  if (withTests !== undefined) for (const key of TEST_KEYS) if (Object.hasOwn(record, key)) record[key] = withTests[key];
  return record;
}

/** The record read as its tests need it; undefined if that is no different. */
function testSource(text: string, { language, values }: Record<string, unknown>): Record<string, unknown> | undefined {
  if (language === "javascript" || language === "typescript") return JSON.parse(text) as Record<string, unknown>;
  return values === "tagged" ? entriesOf(parsePythonJson(text, { tags: true })) : undefined;
}

function entriesOf(value: PythonValue): Record<string, unknown> | undefined {
  const isDict = typeof value === "object" && value !== null && "dict" in value;
  return isDict ? (Object.fromEntries(value.dict) as Record<string, unknown>) : undefined;
}

/** Everything but the tests, as JavaScript reads it. */
function plainValue(value: PythonValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if ("dict" in value) return Object.fromEntries(value.dict.map(([key, item]) => [key, plainValue(item)]));
  return "int" in value ? Number(value.int) : "float" in value ? Number(value.float.replace("inf", "Infinity")) : value;
}
