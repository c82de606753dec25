// The lines of `diffucoder score`: programs with their own tests.
//   { "id", "completion" (Markdown with a fenced block) or "code", "entry_point", "language" (default "python"),
//     "tests": [[[args...], expected], ...] or "asserts": ["assert ...", ...], "values": "json" or "tagged" (default "json") }
// Tests of Python are read as Python's json module reads them, those of JavaScript and TypeScript as JSON.parse does. On a line with "values":
// "tagged" an object with one key stands for what JSON cannot write, e.g. { "tuple": [1, 2] }; else an object is a dict whatever it holds.
import { printable } from "@diffucoder/eval";
import { isFunctionName, type Language, parsePythonJson, type PythonValue } from "@diffucoder/reward-sandbox";
import { z } from "zod";

/** A test: what goes in, and what should come out. */
export type ScoreTest = readonly [args: readonly unknown[], expected: unknown];

const isTest = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && Array.isArray(value[0]);

const Line = z
  .strictObject({
    id: z.custom<PythonValue>((value) => idText(value) !== undefined, { error: "must be a string or a number" }),
    completion: z.string().optional(),
    code: z.string().optional(),
    entry_point: z.string().min(1).optional(),
    language: z.enum(["python", "javascript", "typescript"]).default("python"),
    values: z.enum(["json", "tagged"]).default("json"),
    tests: z
      .array(z.custom<ScoreTest>(isTest, { error: "must be [[arguments...], expected]" }))
      .min(1)
      .optional(),
    asserts: z.array(z.string()).min(1).optional(),
  })
  .refine(({ completion, code }) => (completion === undefined) !== (code === undefined), { error: "give either completion or code" })
  .refine(({ tests, asserts }) => (tests === undefined) !== (asserts === undefined), { error: "give either tests or asserts" })
  .refine(({ tests, entry_point }) => tests === undefined || entry_point !== undefined, { error: "tests need an entry_point" })
  .refine(({ entry_point, language }) => entry_point === undefined || isFunctionName(entry_point, language), {
    path: ["entry_point"],
    error: ({ input }) => `must be the name of a function, got ${JSON.stringify((input as { entry_point: string }).entry_point).slice(0, 100)}`,
  })
  .refine(({ values, language }) => values === "json" || language === "python", { error: "values can be tagged for Python alone" });

/** A line that can be scored. */
export interface ScoreLine {
  /** Its number in the file, from 1. */
  line: number;
  /** As JSON, so that a number keeps all of its digits. */
  id: string;
  completion: string | undefined;
  code: string | undefined;
  entryPoint: string | undefined;
  language: Language;
  tests: readonly ScoreTest[] | undefined;
  asserts: readonly string[];
}

/** A line that is not scored. */
export interface RefusedLine {
  line: number;
  reason: string;
}

/** An id as JSON; undefined if it is none. */
function idText(id: unknown): string | undefined {
  if (typeof id === "string" || typeof id === "number") return JSON.stringify(id);
  if (typeof id !== "object" || id === null) return undefined;
  const text = "int" in id ? id.int : "float" in id ? id.float : undefined;
  return typeof text === "string" && Number.isFinite(Number(text)) ? text : undefined;
}

const NEWLINE = 10;

function* linesOf(file: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start <= file.length;) {
    const newline = file.indexOf(NEWLINE, start);
    const end = newline === -1 ? file.length : newline;
    yield file.subarray(start, end);
    start = end + 1;
  }
}

/** Reads a file's lines; what cannot be used, and every further line of an id, is refused and does not stop the rest. */
export function readScoreLines(file: Uint8Array): { lines: ScoreLine[]; refused: RefusedLine[] } {
  const lines: ScoreLine[] = [];
  const refused: RefusedLine[] = [];
  const seen = new Map<string, number>();
  let number = 0;
  for (const bytes of linesOf(file)) {
    number++;
    const line = readLine(bytes, number);
    if (line === undefined) continue;
    if (typeof line === "string") refused.push({ line: number, reason: printable(line) });
    else if (seen.has(line.id)) refused.push({ line: number, reason: `the id ${printable(line.id)} is line ${seen.get(line.id)}'s already` });
    else {
      seen.set(line.id, number);
      lines.push(line);
    }
  }
  return { lines, refused };
}

/** A line, or why it is refused; undefined if there is nothing on it. A mark of the byte order at the start of the file counts as nothing. */
function readLine(bytes: Uint8Array, number: number): ScoreLine | string | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: number > 1 }).decode(bytes);
  } catch {
    return "not UTF-8";
  }
  return text.trim() === "" ? undefined : parseLine(text, number);
}

function parseLine(text: string, number: number): ScoreLine | string {
  let record: Record<string, unknown>;
  try {
    record = recordOf(text);
  } catch (error) {
    const { name, message } = error as Error;
    return name === "SyntaxError" ? `not JSON (${message})` : message;
  }
  const parsed = Line.safeParse(record);
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
  const { id, completion, code, entry_point: entryPoint, language, tests, asserts = [] } = parsed.data;
  return { line: number, id: idText(id) as string, completion, code, entryPoint, language, tests, asserts };
}

/** @throws {SyntaxError} if it is not JSON @throws {RangeError} if it is not an object, or goes over a limit of `parsePythonJson` */
function recordOf(text: string): Record<string, unknown> {
  const value = parsePythonJson(text);
  if (typeof value !== "object" || value === null || !("dict" in value)) throw new RangeError("not a JSON object");
  const record = Object.fromEntries(value.dict) as Record<string, unknown>;
  if (record.language === "javascript" || record.language === "typescript") record.tests = (JSON.parse(text) as { tests?: unknown }).tests;
  else if (record.values === "tagged") {
    const tagged = parsePythonJson(text, { tags: true });
    record.tests = new Map((tagged as { dict: [string, unknown][] }).dict).get("tests");
  }
  return record;
}
