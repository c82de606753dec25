import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { type ApiKey, keyOf } from "./api-keys.ts";
import { ApiError } from "./api-error.ts";

/** Who asks: what it is called, and how many requests it may have here at a time. */
export interface Client {
  client: string;
  clientLimit?: number | undefined;
}

const VARIABLE = "diffucoder-client";

/** By API key, else by address. */
export function clientOf(c: Context): Client {
  return (c.get(VARIABLE) as Client | undefined) ?? { client: getConnInfo(c).remote.address ?? "" };
}

/** Paths that need no key: probes have none, and a browser sends none for a page. */
const OPEN = ["/health", "/ready", "/"];

/** Refuses requests without one of the keys. Without any keys everybody may ask. */
export function requireKey(keys: readonly ApiKey[]): MiddlewareHandler {
  return async (c, next) => {
    const key = keyOf(c.req.header("authorization"), keys);
    if (key !== undefined) c.set(VARIABLE, { client: key.name, clientLimit: key.limit } satisfies Client);
    else if (keys.length > 0 && !OPEN.includes(c.req.path))
      throw new ApiError({ status: 401, message: "This server needs an API key, as Authorization: Bearer KEY.", code: "invalid_api_key" });
    await next();
  };
}
