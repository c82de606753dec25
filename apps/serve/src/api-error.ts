import { ConfigError, ConstraintError, DiffuCoderError, InvalidArgumentError } from "@diffucoder/core";
import { snakeCase } from "./decoding-fields.ts";

/** An answer in OpenAI's error form. Its message goes to the client, so it names nothing of the machine. */
export class ApiError extends Error {
  readonly status: 400 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;

  constructor({ status, message, type = "invalid_request_error", param = null, code = null }: ApiErrorOptions) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
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
}

/**
 * The answer for anything that was thrown. An argument that the packages refuse is the client's mistake (400);
 * everything unforeseen is a 500 that says nothing about the inside.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof InvalidArgumentError) {
    return new ApiError({ status: 400, message: error.message, param: error.argument, code: "invalid_value" });
  }
  if (error instanceof ConfigError) {
    const problems = error.problems.map((problem) => problem.replace(/^[\w.]+(?=:)/, snakeCase));
    const param = /^[\w.]+(?=:)/.exec(problems[0] ?? "")?.[0] ?? null;
    return new ApiError({ status: 400, message: problems.join("; "), param, code: "invalid_value" });
  }
  if (error instanceof ConstraintError) return new ApiError({ status: 400, message: error.message, param: "constraint", code: "constraint" });
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new ApiError({ status: 503, message: "The generation took too long and was stopped.", type: "server_error", code: "timeout" });
  }
  // AbortError: the client left, or the server stops, while the request waited for its turn.
  if ((error instanceof DiffuCoderError && error.code === "ABORTED") || (error instanceof DOMException && error.name === "AbortError")) {
    return new ApiError({ status: 503, message: "The generation was stopped.", type: "server_error", code: "aborted" });
  }
  return new ApiError({ status: 500, message: "The server failed; its log says why.", type: "server_error", code: "internal_error" });
}
