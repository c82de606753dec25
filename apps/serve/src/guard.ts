import type { MiddlewareHandler } from "hono";
import { ApiError } from "./api-error.ts";

/** Names under which a loopback server may be called. */
export const LOOPBACK_HOSTS: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** Probes call a server by whatever address it has, and are told nothing that a stranger may not know. */
const PROBED = ["/health", "/ready"];

export interface GuardOptions {
  /** Host names without a port, IPv6 in brackets; `undefined`: any, since requests need a key. */
  allowedHosts: readonly string[] | undefined;
  /** Web sites whose pages may ask, as browsers write an Origin. */
  allowedOrigins: readonly string[];
}

/**
 * Refuses what other web sites send through a visitor's browser: a Host header that is not ours (a foreign name
 * rebound to this address by DNS), and an Origin header of another site (cross-site requests). Requests from programs carry no Origin and pass.
 */
export function refuseForeignSites({ allowedHosts, allowedOrigins }: GuardOptions): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (allowedHosts !== undefined && !allowedHosts.includes(hostName(host)) && !PROBED.includes(c.req.path)) {
      throw new ApiError({
        status: 403,
        message: "This server does not answer to that host name. Start it with --allow-host NAME to allow one, or with API keys to allow any.",
        code: "host_not_allowed",
      });
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && !allowedOrigins.includes(origin) && hostAndPort(origin) !== host.toLowerCase()) {
      throw new ApiError({
        status: 403,
        message: "Requests from other web sites are not allowed. Start the server with --cors-origin ORIGIN to allow one.",
        code: "origin_not_allowed",
      });
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
