import type { GenerationEvent } from "diffucoder";
import type { ApiError } from "./api-error.ts";
import { message } from "./event-stream.ts";

/**
 * The playground's stream: `layout`, a `reveal` per forward pass, `done`, or `error` in OpenAI's error form. In
 * `reveal`, the entries of `positions`, `texts` and `confidence` belong together.
 */
export async function* denoiseMessages({
  first,
  events,
  report,
}: {
  first: IteratorResult<GenerationEvent>;
  events: AsyncGenerator<GenerationEvent>;
  report: (error: unknown) => ApiError;
}): AsyncGenerator<string> {
  try {
    for (let result = first; result.done !== true; result = await events.next()) {
      yield message(wireForm(result.value), { event: result.value.type });
    }
  } catch (error) {
    yield message(report(error).body, { event: "error" });
  } finally {
    await events.return(undefined);
  }
}

function wireForm(event: GenerationEvent): object {
  switch (event.type) {
    case "layout":
      return {
        prompt_tokens: event.promptTokens,
        completion_length: event.completionLength,
        steps: event.steps,
        alg: event.alg,
        temperature: event.temperature,
        top_p: event.topP,
        seed: event.seed,
      };
    case "reveal":
      return {
        step: event.step,
        positions: event.positions,
        texts: event.texts,
        confidence: event.confidence,
        filled: event.filled,
        remasked: event.remasked,
        forward_passes: event.forwardPasses,
      };
    case "done":
      return {
        text: event.generation.text,
        finish_reason: event.generation.finishReason,
        completion_tokens: event.generation.completionTokens,
        forward_passes: event.generation.forwardPasses,
        seconds: event.generation.seconds,
      };
  }
}
