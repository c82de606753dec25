// HTTP requests to an external service: retried, and without revealing the token.
import { setTimeout as wait } from "node:timers/promises";
import { UnavailableError } from "@diffucoder/core";

/** Attempts at a request that failed temporarily: 429, 5xx, no connection. */
const ATTEMPTS = 5;
/** Milliseconds before the second attempt; they double before each further one. */
const FIRST_DELAY = 100;
/** The longest wait that a server may ask for, seconds. */
const LONGEST_DELAY = 30;
/** Bytes of an answer. */
const LARGEST = 256 * 2 ** 20;

export interface ServiceRequest {
  /** For people, in errors. */
  what: string;
  url: string;
  method?: "GET" | "POST" | "DELETE";
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Never shown in an error. */
  secret: string | undefined;
  /** Time limit of one attempt, milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * The text of a service's answer. Temporary failures are retried.
 *
 * @throws {UnavailableError} for everything else: then nothing is known about the program
 * @throws the signal's reason, if the caller stopped it
 */
export async function request(options: ServiceRequest): Promise<string> {
  const { what, secret, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const { text, problem, delay } = await ask(options);
    signal?.throwIfAborted();
    if (text !== undefined) return text;
    if (delay === undefined || attempt === ATTEMPTS) throw new UnavailableError({ what, problem: hide(problem ?? "no answer", secret) });
    await wait(Math.max(delay, FIRST_DELAY * 2 ** (attempt - 1)), undefined, { ...(signal && { signal }) }).catch(() => signal?.throwIfAborted());
  }
}

/** A text, or a problem and, if it is temporary, the least milliseconds to wait. */
async function ask({
  url,
  method = "POST",
  headers,
  body,
  timeoutMs,
  signal,
}: ServiceRequest): Promise<{ text?: string; problem?: string; delay?: number }> {
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal === undefined ? timer : AbortSignal.any([signal, timer]),
      redirect: "error",
    });
    const text = await readText(response);
    if (text === undefined) return { problem: "its answer does not end" };
    if (response.ok) return { text };
    const problem = `it answered ${response.status} (${messageOf(text)})`;
    const mayPass = response.status === 429 || response.status >= 500;
    return mayPass ? { problem, delay: 1000 * Math.min(LONGEST_DELAY, Number(response.headers.get("retry-after")) || 0) } : { problem };
  } catch (error) {
    if (timer.aborted) return { problem: `it did not answer within ${timeoutMs / 1000} seconds` };
    const { message, cause } = error as Error;
    return { problem: `no connection (${(cause as { code?: string } | undefined)?.code ?? message})`, delay: 0 };
  }
}

async function readText(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > LARGEST) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** A service's message about its refusal: Piston's and E2B's JSON has a `message`. */
function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string") return message.slice(0, 300);
  } catch {
    // not JSON
  }
  return text.trim().slice(0, 300) || "no message";
}

function hide(text: string, secret: string | undefined): string {
  return secret === undefined || secret === "" ? text : text.replaceAll(secret, "***");
}
