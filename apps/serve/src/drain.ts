import type { MiddlewareHandler } from "hono";
import { ApiError } from "./api-error.ts";

/** @throws {ApiError} 503 once the server takes no more requests. Another one, or the next, can be asked at once. */
export function refuseDraining(drain: AbortSignal | undefined): void {
  if (drain?.aborted !== true) return;
  throw new ApiError({
    status: 503,
    message: "This server is stopping and takes no more requests. Try again in 1 second.",
    type: "server_error",
    code: "stopping",
    retryAfterSeconds: 1,
  });
}

/** `refuseDraining` before a request's body is read. */
export function refuseWhileDraining(drain: AbortSignal | undefined): MiddlewareHandler {
  return async (_, next) => {
    refuseDraining(drain);
    await next();
  };
}
