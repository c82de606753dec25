// What the page asks of its server.
import { signal } from "@preact/signals";
import { type EventMessage, eventMessages } from "./event-messages.ts";
import type { PlaygroundFacts, TestReport } from "../src/playground-facts.ts";

const KEY = "diffucoder-key";

type Asking = Omit<RequestInit, "headers"> & { headers?: Record<string, string> };

/** What the server said, or that it said nothing. */
export class ServerError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null) {
    super(message);
    this.code = code;
  }
}

/** What a server with keys wants; the browser keeps it until the tab is closed. */
export const apiKey = signal(sessionStorage.getItem(KEY) ?? "");
/** The server has asked for a key, or for another one. */
export const wantsKey = signal(false);

export function setApiKey(key: string): void {
  apiKey.value = key;
  sessionStorage.setItem(KEY, key);
}

async function ask(path: string, init: Asking): Promise<Response> {
  let response: Response;
  try {
    const authorization = apiKey.value === "" ? {} : { authorization: `Bearer ${apiKey.value}` };
    response = await fetch(path, { ...init, headers: { ...authorization, ...init.headers } });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer.", "unreachable");
  }
  wantsKey.value = response.status === 401;
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => undefined);
  throw errorOf(body) ?? new ServerError(`The server answered ${response.status}.`, null);
}

function post(path: string, body: object, signal: AbortSignal): Promise<Response> {
  return ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });
}

/** @returns undefined for what is no error in OpenAI's form */
export function errorOf(body: unknown): ServerError | undefined {
  const { error } = (body ?? {}) as { error?: { message?: unknown; code?: string | null } };
  return typeof error?.message === "string" ? new ServerError(error.message, error.code ?? null) : undefined;
}

export async function playgroundFacts(): Promise<PlaygroundFacts> {
  return (await ask("/v1/playground", {})).json() as Promise<PlaygroundFacts>;
}

/** The events of one generation. */
export async function* denoise(body: object, signal: AbortSignal): AsyncGenerator<EventMessage> {
  const response = await post("/v1/denoise", body, signal);
  yield* eventMessages(response.body!.pipeThrough(new TextDecoderStream()));
}

export async function runTests(body: { task: string; code: string }, signal: AbortSignal): Promise<TestReport> {
  return (await post("/v1/playground/tests", body, signal)).json() as Promise<TestReport>;
}
