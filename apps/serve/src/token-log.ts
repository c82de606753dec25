// Log-probabilities as OpenAI's interface has them, from what the sampler knows of a token when it reveals it: its confidence, as of then, with the
// tokens around it that were revealed before. It is not the probability of the token after those to its left. Algorithms that rank by entropy know the
// negative entropy of the distribution, which is the mean log-probability of a draw; it stands in for the token's own.
import type { DiffuCoder, GenerationEvent } from "diffucoder";

/** A token that can no longer change. */
export interface TokenLogprob {
  /** Alone as text. */
  token: string;
  /** At its reveal, nats; at most 0. */
  logprob: number;
  /** Its bytes, which of a part of a character are no text. */
  bytes: number[];
  /** Where it begins in the answer, characters. */
  offset: number;
}

/** Algorithms whose confidence is a negative entropy; that of the others is a probability. */
const BY_ENTROPY = ["entropy", "entropy_bound"];

/** OpenAI's lowest, for a probability of 0. */
const LOWEST = -9999;

/** Keeps what is known of each position until the text before it is settled. */
export class TokenLog {
  readonly #tokenizer: Pick<DiffuCoder["tokenizer"], "tokenBytes" | "decodeStream">;
  readonly #known = new Map<number, { id: number; token: string; logprob: number }>();
  readonly #stream: ReturnType<DiffuCoder["tokenizer"]["decodeStream"]>;
  #isEntropy = false;
  /** Tokens told, and the characters that they make. */
  #told = 0;
  #characters = 0;

  constructor(tokenizer: Pick<DiffuCoder["tokenizer"], "tokenBytes" | "decodeStream">) {
    this.#tokenizer = tokenizer;
    this.#stream = tokenizer.decodeStream();
  }

  /** Takes note of an event. */
  note(event: GenerationEvent): void {
    if (event.type === "layout") this.#isEntropy = BY_ENTROPY.includes(event.alg);
    if (event.type !== "reveal") return;
    for (const [i, position] of event.positions.entries()) {
      const confidence = event.confidence[i]!;
      const logprob = Math.min(0, Math.max(LOWEST, this.#isEntropy ? confidence : Math.log(confidence)));
      this.#known.set(position, { id: event.tokenIds[i]!, token: event.texts[i]!, logprob });
    }
  }

  /** The next tokens of the first `committed` positions whose text is among the first `characters` of the answer. */
  upTo({ committed, characters }: { committed: number; characters: number }): TokenLogprob[] {
    const tokens: TokenLogprob[] = [];
    while (this.#told < committed && this.#characters < characters) {
      const { id, token, logprob } = this.#known.get(this.#told)!;
      tokens.push({ token, logprob, bytes: [...this.#tokenizer.tokenBytes(id)], offset: this.#characters });
      this.#characters += this.#stream.push(id).length;
      this.#told++;
    }
    return tokens;
  }
}
