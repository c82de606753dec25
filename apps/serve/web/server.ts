// What the page asks of its server.
import { type EventMessage, eventMessages } from "./event-messages.ts";
import type { PlaygroundFacts, TestReport } from "../src/playground-facts.ts";

/** What the server said, or that it said nothing. */
export class ServerError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null) {
    super(message);
    this.code = code;
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer.", "unreachable");
  }
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
