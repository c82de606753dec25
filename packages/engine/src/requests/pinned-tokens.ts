// Tokens of a completion that a request gives: they stand in the canvas from the first pass on, and everything else is denoised around them.
import { ConfigError } from "@diffucoder/core";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { z } from "zod";

/** Given tokens of a completion: a text, which is tokenized on its own, or ids. */
export interface PinnedTokens {
  /** Place of the first, counted from the start of the completion, tokens. */
  position: number;
  /** The text. */
  text?: string | undefined;
  /** The ids, instead of a text; they may be special tokens, such as one that ends the answer. */
  tokenIds?: readonly number[] | undefined;
}

/** All of `PinnedTokens`. */
export const PinnedTokensSchema = z.strictObject({
  position: z.int().nonnegative().describe("place of the first token, from the start of the completion"),
  text: z.string().min(1).optional().describe("the text"),
  tokenIds: z.array(z.int().nonnegative()).min(1).optional().describe("the ids, instead of a text"),
}) satisfies z.ZodType<unknown, PinnedTokens>;

/** What a canvas begins with besides masks; position `positions[i]` has `tokens[i]`. */
export interface Pinned {
  /** Of the completion. */
  positions: readonly number[];
  /** The token at each. */
  tokens: readonly number[];
}

export interface PinnedContext {
  tokenizer: Tokenizer;
  /** Positions of the completion. */
  maxNewTokens: number;
  /** `model_type` of a model that writes from left to right. */
  autoregressive: string | undefined;
  /** No place can be given this one. */
  maskTokenId: number | undefined;
}

/** @throws {ConfigError} naming every one that is not what it should be, has no room, or stands where another one does */
export function pinnedTokens(given: readonly PinnedTokens[], { tokenizer, maxNewTokens, autoregressive, maskTokenId }: PinnedContext): Pinned {
  const problems: string[] = [];
  const tokenAt = new Map<number, number>();
  if (given.length > 0 && autoregressive !== undefined)
    problems.push(`pinned: must be absent for a model of type ${autoregressive}, whose tokens do not see what follows them`);
  given.forEach(({ position, text, tokenIds }, i) => {
    const problem = (what: string): void => void problems.push(`pinned.${i}: ${what}`);
    if ((text === undefined) === (tokenIds === undefined)) return problem("give a text or tokenIds, one of both");
    const tokens = tokenIds ?? tokenizer.encode(text!);
    const stranger = tokens.find((id) => !tokenizer.hasToken(id) || id === maskTokenId);
    if (stranger !== undefined) return problem(`tokenIds must be tokens of the model other than the mask, got ${stranger}`);
    if (position + tokens.length > maxNewTokens)
      return problem(`must end within the ${maxNewTokens} tokens of the completion, got ${tokens.length} from position ${position}`);
    if (tokens.some((_, at) => tokenAt.has(position + at))) return problem("must not overlap the others");
    tokens.forEach((id, at) => tokenAt.set(position + at, id));
  });
  if (problems.length > 0) throw new ConfigError({ source: "generate options", problems });
  return { positions: [...tokenAt.keys()], tokens: [...tokenAt.values()] };
}
