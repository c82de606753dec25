// Checks of callers' arguments before anything runs: a wrong one is named, even without a type checker.
import { InvalidArgumentError } from "@diffucoder/core";
import { givenValue } from "./given-values.ts";
import type { FunctionJob, Language, ProgramJob, RunOptions, TestJob } from "./jobs.ts";
import type { PythonValue } from "./values.ts";

export const LANGUAGES = ["python", "javascript", "typescript"] as const satisfies readonly Language[];

const PYTHON_KEYWORDS =
  "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield";
const JAVASCRIPT_KEYWORDS =
  "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with";

const PYTHON_NAME = new RegExp(`^(?!(?:${PYTHON_KEYWORDS.replaceAll(" ", "|")})$)[\\p{ID_Start}_][\\p{ID_Continue}]*$`, "u");
/** Names with dots between them, as in `module.exports`; `exports.delete` is one, `delete` is not. */
const JAVASCRIPT_NAME = new RegExp(
  `^(?!(?:${JAVASCRIPT_KEYWORDS.replaceAll(" ", "|")})$)[\\p{ID_Start}_$][\\p{ID_Continue}$]*(?:\\.[\\p{ID_Start}_$][\\p{ID_Continue}$]*)*$`,
  "u",
);
const NAMES = { python: PYTHON_NAME, javascript: JAVASCRIPT_NAME, typescript: JAVASCRIPT_NAME };

function check(isRight: boolean, argument: string, value: unknown, expected: string): void {
  if (!isRight) throw new InvalidArgumentError({ argument, value, expected });
}

export function checkObject(argument: string, value: unknown, expected: string): void {
  check(typeof value === "object" && value !== null && !Array.isArray(value), argument, value, expected);
}

export function checkText(argument: string, value: unknown): void {
  check(typeof value === "string", argument, value, "a string");
}

export function checkList(argument: string, value: unknown, expected = "an array"): void {
  check(Array.isArray(value), argument, value, expected);
}

export function checkTexts(argument: string, value: unknown): void {
  checkList(argument, value, "an array of strings");
  for (const [i, text] of (value as unknown[]).entries()) checkText(`${argument}[${i}]`, text);
}

export function checkCount(argument: string, value: unknown): void {
  check(Number.isInteger(value) && (value as number) > 0, argument, value, "a positive integer");
}

export function checkFunction(argument: string, value: unknown, expected = "a function"): void {
  check(typeof value === "function", argument, value, expected);
}

function checkFlag(argument: string, value: unknown): void {
  check(value === undefined || typeof value === "boolean", argument, value, "true or false");
}

export function checkLanguage(argument: string, value: unknown): void {
  check(value === undefined || LANGUAGES.includes(value as Language), argument, value, `one of ${LANGUAGES.join(", ")}`);
}

/** Whether a function of that language can have the name. */
export function isFunctionName(name: unknown, language: Language = "python"): boolean {
  return typeof name === "string" && NAMES[language].test(name);
}

export function checkFunctionName(argument: string, value: unknown, language?: Language): void {
  check(isFunctionName(value, language), argument, value, "the name of a function");
}

function checkRunOptions(options: unknown): void {
  checkObject("options", options, "an object such as { signal, caller }");
  const { signal, caller } = options as RunOptions;
  check(signal === undefined || signal instanceof AbortSignal, "options.signal", signal, "an AbortSignal");
  check(caller === undefined || typeof caller === "string", "options.caller", caller, "a string");
}

/** @throws {InvalidArgumentError} */
export function checkFunctionJob(job: FunctionJob, options: RunOptions): void {
  checkObject("job", job, "an object such as { code, entryPoint, inputs }");
  checkRunOptions(options);
  const { language, code, entryPoint, inputs, callTimesMs } = job;
  checkLanguage("language", language);
  checkText("code", code);
  checkFunctionName("entryPoint", entryPoint, language);
  checkList("inputs", inputs, "an array with the arguments of each call, each an array");
  for (const [i, args] of inputs.entries()) checkList(`inputs[${i}]`, args, "an array of the arguments of one call");
  if (callTimesMs === undefined) return;
  const isRight =
    Array.isArray(callTimesMs) && callTimesMs.length === inputs.length && callTimesMs.every((time) => time > 0 && Number.isFinite(time));
  check(isRight, "callTimesMs", callTimesMs, `one positive number for each of ${inputs.length} inputs`);
}

/** The arguments of each call in a worker's form. @throws {InvalidArgumentError} */
export function givenInputs({ inputs, language }: Pick<FunctionJob, "inputs" | "language">): PythonValue[][] {
  return inputs.map((args, i) => Array.from(args, (value, at) => givenValue(value, language, `inputs[${i}][${at}]`)));
}

/** @throws {InvalidArgumentError} */
export function checkProgramJob(job: ProgramJob, options: RunOptions): void {
  checkObject("job", job, "an object such as { code, stdins }");
  checkRunOptions(options);
  checkLanguage("language", job.language);
  checkText("code", job.code);
  checkTexts("stdins", job.stdins);
  checkFlag("writableTmp", job.writableTmp);
}

/** @throws {InvalidArgumentError} */
export function checkTestJob(job: TestJob, options: RunOptions): void {
  checkObject("job", job, "an object such as { code, tests, entryPoint }");
  checkRunOptions(options);
  checkLanguage("language", job.language);
  checkText("code", job.code);
  checkTexts("tests", job.tests);
  if (job.entryPoint !== undefined) checkFunctionName("entryPoint", job.entryPoint, job.language);
  checkFlag("unittest", job.unittest);
  checkFlag("writableTmp", job.writableTmp);
}

/** @throws {InvalidArgumentError} */
export function checkSubmit(start: unknown, options: RunOptions): void {
  checkFunction("start", start, "a function that starts a job");
  checkRunOptions(options);
}

const LEVELS = ["auto", "bubblewrap", "process", "pyodide", "none"];

export function checkIsolation(value: unknown): void {
  const isProvider = typeof value === "object" && value !== null && "worker" in value && "isolation" in value && "languages" in value;
  check(isProvider || LEVELS.includes(value as string), "isolation", value, `one of ${LEVELS.join(", ")}, or a provider`);
}

export function checkPython(value: unknown, isolation: unknown): void {
  if (value === undefined) return;
  check(typeof value === "string" && value !== "", "python", value, "the path of a Python");
  if (isolation !== "pyodide" && typeof isolation !== "object") return;
  const message = `python does not apply to isolation ${typeof isolation === "object" ? "by a provider" : `"${isolation}"`}, which has its own Python. Leave one of the two out.`;
  throw new InvalidArgumentError({ argument: "python", value, expected: "left out", message });
}
