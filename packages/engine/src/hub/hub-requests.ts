// Requests to Hugging Face's hub or a mirror of it: redirects are followed by hand, so that the token goes to the hub alone and what the
// hub says of a file (hash, size) is kept apart from what the place says that it points to; a busy server is asked again.
import { setTimeout as wait } from "node:timers/promises";
import { UnavailableError } from "@diffucoder/core";

export interface HubAccess {
  /** Without a slash at its end. */
  endpoint: string;
  token: string | undefined;
  signal: AbortSignal | undefined;
  /** What is asked for, in errors: the repository. */
  what: string;
}

export interface HubAnswer {
  response: Response;
  /** Where the answer came from, after redirects. */
  url: URL;
  /** What the hub itself says of a file, quotes and weakness left out. */
  etag: string | undefined;
  /** `X-Linked-Size` of the hub, as it says it. */
  linkedSize: string | undefined;
}

const MAX_REDIRECTS = 5;
const MAX_ATTEMPTS = 5;
/** Longest wait that a server may ask for, seconds. */
const MAX_WAIT = 120;

const REASONS: Readonly<Record<number, string>> = {
  401: "it does not exist, or is private or gated, and no token or a wrong one was given",
  403: "access to it was not granted to this token",
  404: "there is no such repository or revision",
  429: "there were too many requests",
  503: "it is overloaded or down for maintenance",
};

/**
 * GETs an address below the endpoint. Answers 429 and 5xx are asked for again, after the seconds of `Retry-After` or else 1, 2, 4 and 8.
 *
 * @throws {UnavailableError} with the address, if the answer is no success
 */
export async function askHub(access: HubAccess, path: string, headers: Readonly<Record<string, string>> = {}): Promise<HubAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await follow(access, `${access.endpoint}${path}`, headers);
    const { status } = answer.response;
    const isWanted = answer.response.ok || (status === 416 && headers["Range"] !== undefined);
    if (isWanted) return answer;
    await answer.response.body?.cancel();
    const isBusy = status === 429 || status >= 500;
    const seconds = secondsAsked(answer.response) ?? 2 ** (attempt - 1);
    if (!isBusy || attempt === MAX_ATTEMPTS || seconds > MAX_WAIT) throw refused(access, answer, isBusy ? seconds : undefined);
    await wait(1000 * seconds, undefined, access.signal && { signal: access.signal });
  }
}

/** `Retry-After`: seconds, or a date, which is held against the server's own. */
function secondsAsked({ headers }: Response): number | undefined {
  const after = headers.get("Retry-After")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after);
  const seconds = (Date.parse(after) - Date.parse(headers.get("Date") ?? "")) / 1000;
  return Number.isFinite(seconds) ? Math.max(seconds, 0) : undefined;
}

function refused({ endpoint, what }: HubAccess, { response: { status }, url }: HubAnswer, wait: number | undefined): UnavailableError {
  const isOfHub = url.origin === new URL(endpoint).origin && !url.pathname.includes("/resolve/");
  const reason = status === 404 && !isOfHub ? "there is no such file" : REASONS[status];
  const problem = `${isOfHub ? endpoint : addressOf(url)} answers ${status}: ${reason ?? "it cannot give it now"}`;
  const wayOuts: Record<number, string> = { 401: "Set HF_TOKEN to a token that may read it.", 403: "Set HF_TOKEN to a token that may read it." };
  const later = wait === undefined ? undefined : `What was downloaded stays: run again in ${Math.ceil(wait)} s or later.`;
  const wayOut = wayOuts[status] ?? later;
  return new UnavailableError({ what, problem, ...(wayOut !== undefined && { wayOut }) });
}

async function follow({ endpoint, token, signal, what }: HubAccess, address: string, headers: Readonly<Record<string, string>>): Promise<HubAnswer> {
  const home = new URL(endpoint).origin;
  let [etag, linkedSize]: [string | undefined, string | undefined] = [undefined, undefined];
  let url = new URL(address);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const isHome = url.origin === home;
    const authorization = token !== undefined && isHome ? { Authorization: `Bearer ${token}` } : {};
    const sent = { "Accept-Encoding": "identity", ...headers, ...authorization };
    const response = await fetch(url, { headers: sent, redirect: "manual", ...(signal && { signal }) });
    if (isHome) {
      etag ??= plainTag(response.headers.get("X-Linked-ETag"));
      linkedSize ??= response.headers.get("X-Linked-Size") ?? undefined;
    }
    const location = response.headers.get("Location");
    if (response.status < 300 || response.status > 399 || location === null) {
      if (isHome) etag ??= plainTag(response.headers.get("ETag"));
      return { response, url, etag, linkedSize };
    }
    await response.body?.cancel();
    url = target(location, url, what);
  }
  throw new UnavailableError({ what, problem: `${address} redirects more than ${MAX_REDIRECTS} times` });
}

function target(location: string, from: URL, what: string): URL {
  const url = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && from.protocol === "http:");
  if (url !== undefined && isSafe && url.username === "" && url.password === "") return url;
  const to = url === undefined ? JSON.stringify(location.slice(0, 100)) : addressOf(url).slice(0, 100);
  throw new UnavailableError({
    what,
    problem: `${addressOf(from)} redirects to ${to}, which is not an ${from.protocol === "https:" ? "https" : "http"} address${isSafe ? " without a password" : ""}`,
  });
}

/** A server that packs what it sends may put that behind the hash, `"HASH-gzip"`; the content is held to the hash all the same. */
function plainTag(tag: string | null): string | undefined {
  return tag
    ?.replace(/^W\//, "")
    .replaceAll('"', "")
    .replace(/^([0-9a-fA-F]{40}|[0-9a-fA-F]{64})(-(gzip|br|deflate|zstd))?$/, (_, hash: string) => hash.toLowerCase());
}

/** Without a query, which may hold a signature. */
export function addressOf({ origin, protocol, pathname }: URL): string {
  return `${origin === "null" ? protocol : origin}${pathname}`;
}

/** Largest answer of the hub's that is no file, and file of which it names no size, bytes. */
export const MAX_UNSIZED_BYTES = 100_000_000;

/** @throws {UnavailableError} if the answer is a web page, as a proxy or a login gives it for any address */
export function requireNoWebPage({ response, url }: HubAnswer, what: string): void {
  if (!/^text\/html\b/i.test(response.headers.get("Content-Type") ?? "")) return;
  throw new UnavailableError({
    what,
    problem: `${addressOf(url)} answers with a web page`,
    wayOut: "Check HF_ENDPOINT; a proxy or a login page may answer in its place.",
  });
}

/** The JSON object that an answer holds. @throws {UnavailableError} if it holds something else */
export async function jsonOf(answer: HubAnswer, what: string): Promise<Record<string, unknown>> {
  requireNoWebPage(answer, what);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (answer.response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > MAX_UNSIZED_BYTES)
      throw new UnavailableError({ what, problem: `${addressOf(answer.url)} answers with more than ${MAX_UNSIZED_BYTES} bytes` });
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // told below
  }
  throw new UnavailableError({
    what,
    problem: `${addressOf(answer.url)} should answer with a JSON object, got ${JSON.stringify(text.slice(0, 40))}`,
    wayOut: "Check HF_ENDPOINT; a proxy or a login page may answer in its place.",
  });
}
