import { ConfigError, ConstraintError, DiffuCoderError, InvalidArgumentError } from "@diffucoder/core";
import { snakeCase } from "./snake-case.ts";

/** An answer in OpenAI's error form. Its message goes to the client, so it names nothing of the machine. */
export class ApiError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
  /** When the same request should be taken; sent as `Retry-After`. */
  readonly retryAfterSeconds: number | undefined;

  constructor({ status, message, type = "invalid_request_error", param = null, code = null, retryAfterSeconds }: ApiErrorOptions) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** `{ error: { message, type, param, code } }`, as OpenAI's clients expect it. */
  get body(): { error: { message: string; type: string; param: string | null; code: string | null } } {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } };
  }
}

interface ApiErrorOptions {
  status: ApiError["status"];
  message: string;
  type?: string;
  param?: string | null;
  code?: string | null;
  retryAfterSeconds?: number | undefined;
}

/**
 * The answer for anything that was thrown. An argument that the packages refuse is the client's mistake (400);
 * everything unforeseen is a 500 that says nothing about the inside.
 *
 * @param own what the endpoint calls fields that are called otherwise elsewhere
 */
export function toApiError(error: unknown, own: FieldNames = {}): ApiError {
  const fieldOf = (option: string): string => {
    const field = FIELDS[option] ?? snakeCase(option);
    return own[field] ?? field;
  };
  if (error instanceof ApiError) return error;
  if (error instanceof InvalidArgumentError) {
    const param = fieldOf(error.argument);
    // Only a constraint has a name of its own here: what others are called says where a text is too long.
    const message = error.argument.startsWith("constraint.") ? error.message.replace(error.argument, param) : error.message;
    return new ApiError({ status: 400, message, param, code: "invalid_value" });
  }
  if (error instanceof ConfigError) return badFields(error.problems, fieldOf);
  if (error instanceof ConstraintError)
    return new ApiError({ status: 400, message: error.message, param: fieldOf(error.argument), code: "constraint" });
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new ApiError({ status: 503, message: "The generation took too long and was stopped.", type: "server_error", code: "timeout" });
  }
  // AbortError: the client left, or the server stops, while the request waited for its turn.
  if ((error instanceof DiffuCoderError && error.code === "ABORTED") || (error instanceof DOMException && error.name === "AbortError")) {
    return new ApiError({ status: 503, message: "The generation was stopped.", type: "server_error", code: "aborted" });
  }
  // Node's error for a client that left in the middle of its body.
  if ((error as NodeJS.ErrnoException | null)?.code === "ECONNRESET")
    return new ApiError({ status: 400, message: "The request body ended early.", code: "incomplete_body" });
  return new ApiError({ status: 500, message: "The server failed; its log says why.", type: "server_error", code: "internal_error" });
}

/** More would only hide the first ones. */
const MOST_PROBLEMS = 20;

/** Every problem in the message, the first one's `param` and `code`. */
function badFields(all: readonly string[], fieldOf: (option: string) => string): ApiError {
  const problems = all.slice(0, MOST_PROBLEMS).map((problem) => problem.replaceAll(/^[\w.]+(?=:)|(?<=: cannot be combined with )\w+/g, fieldOf));
  const [, path, key] = /^(?:([\w.]+): )?(?:Unrecognized key: ("(?:[^"\\]|\\.)*"))?/.exec(problems[0]!) as unknown as (string | undefined)[];
  const param = [path, key === undefined ? undefined : (JSON.parse(key) as string)].filter((name) => name !== undefined).join(".");
  const more = all.length > MOST_PROBLEMS ? [`and ${all.length - MOST_PROBLEMS} more`] : [];
  return new ApiError({
    status: 400,
    message: [...problems, ...more].join("; "),
    param: param === "" ? null : param,
    code: key === undefined ? "invalid_value" : "unknown_parameter",
  });
}

/** A field's name for each other one. */
export type FieldNames = Readonly<Record<string, string>>;

/** What a request calls an option of the model. */
const FIELDS: FieldNames = {
  prefix: "prompt",
  masks: "max_tokens",
  "constraint.pattern": "regex",
  "constraint.schema": "response_format.json_schema.schema",
  "constraint.maxDepth": "response_format",
  "constraint.tools": "tools",
};
