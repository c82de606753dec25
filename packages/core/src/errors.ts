/**
 * Every error that the packages throw on purpose. Its message is one sentence for a person: which argument,
 * what it got, what it wanted and, where there is one, the way out. `code` is for programs.
 */
export class DiffuCoderError extends Error {
  /** Which kind of error it is, for programs: `"INVALID_ARGUMENT"`, `"FILE"`, ... */
  readonly code: string;

  constructor(
    code: string,
    message: string,
    options?: {
      /** The error that led to it. */
      cause?: unknown;
    },
  ) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An argument has a value that the function cannot work with. `code` is `"INVALID_ARGUMENT"`. */
export class InvalidArgumentError extends DiffuCoderError {
  /** Name of the argument. */
  readonly argument: string;
  /** What it got. */
  readonly value: unknown;

  constructor({
    argument,
    value,
    expected,
    wayOut,
    message = sentence(`${argument} must be ${expected}, got ${show(value)}`, wayOut),
  }: {
    /** Name of the argument: the sentence begins with it. */
    argument: string;
    /** What it got. */
    value: unknown;
    /** What it wanted; it follows "must be". */
    expected: string;
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
    /** The whole sentence, where a plainer one than "argument must be expected, got value" says it. */
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

  constructor({
    argument,
    what,
    where,
    tokens,
    limit,
    wayOut,
  }: {
    /** Name of the argument. */
    argument: string;
    /** The text, as the sentence begins: `"The prompt"`. */
    what: string;
    /** What is counted with it: `"in the chat template"`. @default the text alone */
    where?: string | undefined;
    /** What the text has. */
    tokens: number;
    /** What there is room for. */
    limit: number;
    /** Why there is no more room, and what would fit. */
    wayOut: string;
  }) {
    const counted = where === undefined ? "" : ` ${where}`;
    const message = sentence(`${what} has ${tokens} tokens${counted}, and this model has room for ${limit}`, wayOut);
    super({ argument, value: tokens, expected: `at most ${limit} tokens`, message });
    this.tokens = tokens;
    this.limit = limit;
  }
}

/** A conversation was given to a model that has no chat template. `code` is `"INVALID_ARGUMENT"`. */
export class NoChatTemplateError extends InvalidArgumentError {
  constructor({
    argument,
    value,
    wayOut,
  }: {
    /** Name of the argument that needs the template: the sentence begins with it. */
    argument: string;
    /** What it got. */
    value: unknown;
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
  }) {
    const message = sentence(`${argument} needs a chat template, which this model does not have`, wayOut);
    super({ argument, value, expected: "absent for a model without a chat template", message });
  }
}

/** An array has the wrong shape. `code` is `"SHAPE"`. */
export class ShapeError extends DiffuCoderError {
  /** Name of the argument. */
  readonly argument: string;
  /** The shape that it has. */
  readonly shape: readonly number[];

  constructor({
    argument,
    shape,
    expected,
    wayOut,
  }: {
    /** Name of the argument: the sentence begins with it. */
    argument: string;
    /** The shape that it has. */
    shape: readonly number[];
    /** The shape that it should have, and as what: `"[4, 10], as completionIds"`. */
    expected: string;
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
  }) {
    super("SHAPE", sentence(`${argument} has shape [${shape.join(", ")}], expected ${expected}`, wayOut));
    this.argument = argument;
    this.shape = shape;
  }
}

/** A configuration has unknown keys or bad values; all problems are reported together. `code` is `"CONFIG"`. */
export class ConfigError extends DiffuCoderError {
  /** What the configuration is called: a file's name, or `"config"`. */
  readonly source: string;
  /** One for each unknown key and each bad value, with its path; the message has the first 50. */
  readonly problems: readonly string[];

  constructor({
    source,
    problems,
  }: {
    /** What the configuration is called: a file's name, or `"config"`. */
    source: string;
    /** One for each unknown key and each bad value, with its path. */
    problems: readonly string[];
  }) {
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
  /** The file or folder. */
  readonly path: string;
  /** What is wrong with it. */
  readonly problem: string;

  constructor({
    path,
    problem,
    wayOut,
    cause,
  }: {
    /** The file or folder: the sentence begins with it. */
    path: string;
    /** What is wrong with it; it follows the path: `"is empty"`. */
    problem: string;
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
    /** The error that led to it. */
    cause?: unknown;
  }) {
    super("FILE", sentence(`${path === "" ? '""' : path}: ${problem}`, wayOut), { cause });
    this.path = path;
    this.problem = problem;
  }
}

/** Something that the program needs from its environment is missing. `code` is `"UNAVAILABLE"`. */
export class UnavailableError extends DiffuCoderError {
  /** Why it is absent. */
  readonly problem: string;

  constructor({
    what,
    problem,
    wayOut,
    cause,
  }: {
    /** What is absent: the sentence begins with it. */
    what: string;
    /** Why it is absent; it follows "is not available:". */
    problem: string;
    /** What to do about it, a sentence. @default nothing is said */
    wayOut?: string;
    /** The error that led to it. */
    cause?: unknown;
  }) {
    super("UNAVAILABLE", sentence(`${what} is not available: ${problem}`, wayOut), { cause });
    this.problem = problem;
  }
}

/** Memory ran out. The process can continue, and existing data is intact. `code` is `"OUT_OF_MEMORY"`. */
export class OutOfMemoryError extends DiffuCoderError {
  /** Of the request that failed, if it is known. */
  readonly bytes: number | undefined;

  constructor({
    what,
    bytes,
    cause,
  }: {
    /** What was being done: the sentence begins with it. */
    what: string;
    /** Size of the request that failed. @default not known */
    bytes?: number | undefined;
    /** The error that led to it. */
    cause?: unknown;
  }) {
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

/** A computation produced something that is not a number. `code` is `"NUMERICAL"`. */
export class NumericalError extends DiffuCoderError {
  constructor(message: string) {
    super("NUMERICAL", message);
  }
}

/** A request cannot be met under the given constraints. `code` is `"CONSTRAINT"`. */
export class ConstraintError extends DiffuCoderError {
  /** Which part of the constraint, such as its pattern. */
  readonly argument: string;

  constructor(
    message: string,
    {
      argument = "constraint",
    }: {
      /** Which part of the constraint. @default "constraint" */
      argument?: string | undefined;
    } = {},
  ) {
    super("CONSTRAINT", message);
    this.argument = argument;
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
