/**
 * Every error that the packages throw on purpose. Its message is one sentence for a person: which argument,
 * what it got, what it wanted and, where there is one, the way out. `code` is for programs.
 */
export class DiffuCoderError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An argument has a value that the function cannot work with. `code` is `"INVALID_ARGUMENT"`. */
export class InvalidArgumentError extends DiffuCoderError {
  readonly argument: string;
  readonly value: unknown;

  /** @param message the whole sentence, where a plainer one than "argument must be expected, got value" says it. */
  constructor({
    argument,
    value,
    expected,
    wayOut,
    message = sentence(`${argument} must be ${expected}, got ${show(value)}`, wayOut),
  }: {
    argument: string;
    value: unknown;
    expected: string;
    wayOut?: string;
    message?: string;
  }) {
    super("INVALID_ARGUMENT", message);
    this.argument = argument;
    this.value = value;
  }
}

/** A text has more tokens than a model has room for. `code` is `"INVALID_ARGUMENT"`. */
export class TooLongError extends InvalidArgumentError {
  /** What the text has. */
  readonly tokens: number;
  /** What there is room for. */
  readonly limit: number;

  /**
   * @param what the text, as the sentence begins: `"The prompt"`
   * @param where what is counted with it: `"in the chat template"`
   * @param wayOut why there is no more room, and what would fit
   */
  constructor({
    argument,
    what,
    where,
    tokens,
    limit,
    wayOut,
  }: {
    argument: string;
    what: string;
    where?: string | undefined;
    tokens: number;
    limit: number;
    wayOut: string;
  }) {
    const counted = where === undefined ? "" : ` ${where}`;
    const message = sentence(`${what} has ${tokens} tokens${counted}, and this model has room for ${limit}`, wayOut);
    super({ argument, value: tokens, expected: `at most ${limit} tokens`, message });
    this.tokens = tokens;
    this.limit = limit;
  }
}

/** An array has the wrong shape. `code` is `"SHAPE"`. */
export class ShapeError extends DiffuCoderError {
  readonly argument: string;
  readonly shape: readonly number[];

  constructor({ argument, shape, expected, wayOut }: { argument: string; shape: readonly number[]; expected: string; wayOut?: string }) {
    super("SHAPE", sentence(`${argument} has shape [${shape.join(", ")}], expected ${expected}`, wayOut));
    this.argument = argument;
    this.shape = shape;
  }
}

/** A configuration has unknown keys or bad values; all problems are reported together. `code` is `"CONFIG"`. */
export class ConfigError extends DiffuCoderError {
  readonly source: string;
  readonly problems: readonly string[];

  constructor({ source, problems }: { source: string; problems: readonly string[] }) {
    super("CONFIG", `Invalid ${source}:\n${inLines(problems)}`);
    this.source = source;
    this.problems = problems;
  }
}

/** More would only push the first ones off the screen. */
const SHOWN_PROBLEMS = 50;

function inLines(problems: readonly string[]): string {
  const lines = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `  - ${problem}`);
  if (problems.length > SHOWN_PROBLEMS) lines.push(`  - and ${problems.length - SHOWN_PROBLEMS} more`);
  return lines.join("\n");
}

/** A file is missing, cannot be written, or does not hold what it should. `code` is `"FILE"`. */
export class FileError extends DiffuCoderError {
  readonly path: string;

  constructor({ path, problem, wayOut, cause }: { path: string; problem: string; wayOut?: string; cause?: unknown }) {
    super("FILE", sentence(`${path}: ${problem}`, wayOut), { cause });
    this.path = path;
  }
}

/** Something that the program needs from its surroundings is absent. `code` is `"UNAVAILABLE"`. */
export class UnavailableError extends DiffuCoderError {
  readonly problem: string;

  constructor({ what, problem, wayOut, cause }: { what: string; problem: string; wayOut?: string; cause?: unknown }) {
    super("UNAVAILABLE", sentence(`${what} is not available: ${problem}`, wayOut), { cause });
    this.problem = problem;
  }
}

/** Memory ran out. The process goes on, and what was there before is intact. `code` is `"OUT_OF_MEMORY"`. */
export class OutOfMemoryError extends DiffuCoderError {
  /** Of the request that failed, if it is known. */
  readonly bytes: number | undefined;

  constructor({ what, bytes, cause }: { what: string; bytes?: number | undefined; cause?: unknown }) {
    const request = bytes === undefined ? "" : `: ${(bytes / 1e6).toFixed(1)} MB more were asked for`;
    super(
      "OUT_OF_MEMORY",
      sentence(`${what} ran out of memory${request}`, "Use smaller batches or shorter rows, or gradient checkpointing to train."),
      {
        cause,
      },
    );
    this.bytes = bytes;
  }
}

/** A computation gave something that is not a number. `code` is `"NUMERICAL"`. */
export class NumericalError extends DiffuCoderError {
  constructor(message: string) {
    super("NUMERICAL", message);
  }
}

/** What was asked for cannot be done within the constraints that were given. `code` is `"CONSTRAINT"`. */
export class ConstraintError extends DiffuCoderError {
  constructor(message: string) {
    super("CONSTRAINT", message);
  }
}

/** Work was stopped on request. `code` is `"ABORTED"`. */
export class AbortedError extends DiffuCoderError {
  constructor(what: string) {
    super("ABORTED", `${what} was stopped.`);
  }
}

/** A value as a short piece of an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${(value as Uint8Array).length})`;
  const text = safeJson(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function safeJson(value: object): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function sentence(text: string, wayOut?: string): string {
  return wayOut ? `${text}. ${wayOut}` : `${text}.`;
}
