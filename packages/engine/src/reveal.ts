// A step of a row as text.
import type { RowEvent } from "@diffucoder/samplers";
import type { Tokenizer } from "@diffucoder/tokenizer";
import type { Reveal } from "./events.ts";

/** @param start the row's position from which the positions are to count */
export function revealOf(event: RowEvent, { tokenizer, start = 0 }: { tokenizer: Tokenizer; start?: number }): Reveal {
  const { step, forwardPasses, tokens, confidence, entropy, provisional } = event;
  const texts = (ids: readonly number[]): string[] => ids.map((id) => tokenizer.decode([id]));
  const from = (positions: readonly number[]): readonly number[] => (start === 0 ? positions : positions.map((position) => position - start));
  return {
    step,
    positions: from(event.positions),
    tokenIds: tokens,
    texts: texts(tokens),
    confidence,
    entropy,
    edited: from(event.edited),
    filled: from(event.filled),
    remasked: from(event.remasked),
    forwardPasses,
    ...(provisional && {
      provisional: { positions: from(provisional.positions), texts: texts(provisional.tokens), confidence: provisional.confidence },
    }),
  };
}
