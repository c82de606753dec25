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

/** Whether an address is that of a proxy that is trusted. */
export type IsProxy = (address: string) => boolean;

/**
 * The last address in the way of a request that is not a proxy's: what stands in `X-Forwarded-For` before it, anybody can have written.
 */
function addressOf(c: Context, isProxy: IsProxy): string {
  const way = [...(c.req.header("x-forwarded-for") ?? "").split(","), getConnInfo(c).remote.address ?? ""]
    .map(plainAddress)
    .filter((one) => one !== "");
  return way.findLast((address) => !isProxy(address)) ?? way[0] ?? "";
}

/** IPv4 as itself, also where it comes over a socket for IPv6. */
function plainAddress(address: string): string {
  return address.trim().replace(/^::ffff:(?=\d+\.)/i, "");
}

/** @param trusted addresses, or `loopback` */
export function proxiesOf(trusted: readonly string[]): IsProxy {
  const addresses = new Set(trusted.map(plainAddress));
  const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");
  return (address) => addresses.has(address) || (addresses.has("loopback") && isLoopback(address));
}

/** Paths that need no key: probes have none, and a browser sends none for a page. */
const OPEN = ["/health", "/ready", "/"];

/** Finds out who asks, and refuses requests without one of the keys. Without any keys everybody may ask. */
export function identifyClient({ keys, isProxy }: { keys: readonly ApiKey[]; isProxy: IsProxy }): MiddlewareHandler {
  return async (c, next) => {
    const key = keyOf(c.req.header("authorization"), keys);
    if (key !== undefined) c.set(VARIABLE, { client: key.name, clientLimit: key.limit } satisfies Client);
    else if (keys.length > 0 && !OPEN.includes(c.req.path))
      throw new ApiError({ status: 401, message: "This server needs an API key, as Authorization: Bearer KEY.", code: "invalid_api_key" });
    else c.set(VARIABLE, { client: addressOf(c, isProxy) } satisfies Client);
    await next();
  };
}
