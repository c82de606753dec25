import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigError } from "@diffucoder/core";

/** A client that may use the server. */
export interface ApiKey {
  /** What logs and limits call the client. */
  name: string;
  /** SHA-256 of the key: of equal length for all, so that comparing tells nothing. */
  digest: Buffer;
  /** Requests that it may have here at a time. */
  limit: number | undefined;
}

/** The environment's variable for keys. */
export const KEYS_VARIABLE = "DIFFUCODER_API_KEYS";

/**
 * Reads keys: `NAME:KEY` or `NAME:KEY:REQUESTS`, separated by commas or white space.
 *
 * @throws {ConfigError} naming each bad entry by its place, and no key
 */
export function parseApiKeys(text: string): ApiKey[] {
  const problems: string[] = [];
  const keys = text.split(/[\s,]+/).filter((entry) => entry !== "");
  const parsed = keys.map((entry, i): ApiKey => {
    const [name = "", key = "", limit, ...more] = entry.split(":");
    if (!/^[\w.@-]+$/.test(name) || key.length < 8 || more.length > 0 || (limit !== undefined && !/^[1-9]\d{0,5}$/.test(limit)))
      problems.push(`entry ${i + 1} must be NAME:KEY or NAME:KEY:REQUESTS, with a key of at least 8 characters and a number of requests above 0`);
    return { name, digest: digestOf(key), limit: limit === undefined ? undefined : Number(limit) };
  });
  const names = parsed.map(({ name }) => name);
  if (new Set(names).size < names.length) problems.push("each name may stand once");
  if (problems.length > 0) throw new ConfigError({ source: KEYS_VARIABLE, problems });
  return parsed;
}

/** Whose key an Authorization header has. Every key is compared, in constant time. */
export function keyOf(authorization: string | undefined, keys: readonly ApiKey[]): ApiKey | undefined {
  const given = digestOf(/^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
  return keys.filter(({ digest }) => timingSafeEqual(digest, given))[0];
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
