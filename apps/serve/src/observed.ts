import type { GenerationEvent } from "diffucoder";
import type { CompletionEvent } from "./completions.ts";

/** Who is told of a request's events. */
export interface Observer {
  /** The first token that stays. */
  onFirstToken: () => void;
  /** What the request has cost so far. */
  onFacts: (facts: { promptTokens: number; completionTokens: number; forwardPasses: number }) => void;
}

/** Passes events on, and tells the observer what they say of the request; choices are added up. */
export async function* observed<E extends CompletionEvent | GenerationEvent>(events: AsyncIterable<E>, observer: Observer): AsyncGenerator<E> {
  let hasToken = false;
  const total = { promptTokens: 0, completionTokens: 0, forwardPasses: 0 };
  for await (const event of events) {
    if (!hasToken && (event.type === "text" || event.type === "reveal")) {
      hasToken = true;
      observer.onFirstToken();
    }
    const end = endOf(event);
    if (end !== undefined) {
      total.promptTokens += end.promptTokens;
      total.completionTokens += end.completionTokens;
      total.forwardPasses += end.forwardPasses;
      observer.onFacts({ ...total });
    }
    yield event;
  }
}

function endOf(event: CompletionEvent | GenerationEvent): { promptTokens: number; completionTokens: number; forwardPasses: number } | undefined {
  if (event.type === "finish") return event;
  return event.type === "done" ? event.generation : undefined;
}
