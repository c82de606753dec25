import type { MiddlewareHandler } from "hono";
import { ApiError } from "./api-error.ts";

/** Names under which a loopback server may be called. */
export const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Refuses what other web sites send through a visitor's browser: a Host header that is not ours (a foreign name
 * rebound to this address by DNS), and an Origin header of another site (cross-site requests). Requests from programs carry no Origin and pass.
 *
 * @param allowedHosts host names without a port, IPv6 in brackets
 */
export function refuseForeignSites(allowedHosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!allowedHosts.includes(hostName(host))) {
      throw new ApiError({
        status: 403,
        message: "This server does not answer to that host name. Start it with --allow-host NAME to allow one.",
        code: "host_not_allowed",
      });
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && hostAndPort(origin) !== host.toLowerCase()) {
      throw new ApiError({ status: 403, message: "Requests from other web sites are not allowed.", code: "origin_not_allowed" });
    }
    await next();
  };
}

function hostName(host: string): string {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : "";
}

function hostAndPort(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
