import type { DenoiseTrace } from "@diffucoder/samplers";

/** What `stream` reports, in this order: one layout, a reveal per forward pass, one done. */
export type GenerationEvent = LayoutEvent | RevealEvent | DoneEvent;

/** What is about to be generated, with every default filled in. */
export interface LayoutEvent {
  /** Tells the event from the others. */
  type: "layout";
  /** Tokens of the prompt in the chat template, without padding. */
  promptTokens: number;
  /** Positions of the completion, all masked at the beginning but for those that are pinned. */
  completionLength: number;
  /** Positions that the request gives, and each token alone as text. @default none */
  pinned?: {
    /** The positions, of the completion. */
    positions: readonly number[];
    /** The text of each. */
    texts: readonly string[];
  };
  /** The most denoising steps that it takes. */
  steps: number;
  /** Which positions are committed first: a name of `DECODERS`. */
  alg: string;
  /** Of the tokens; 0 is greedy. */
  temperature: number;
  /** Nucleus sampling; 1 keeps every token. */
  topP: number;
  /** The seed that it is drawn with. */
  seed: number;
}

/** One forward pass and what it changed. The lists from `positions` to `entropy` have one entry per committed position. */
export interface Reveal {
  /** The denoising step, from 0. */
  step: number;
  /** Positions from 0, in the order in which the sampler ranked them: of the completion, or of a text's `cells`. */
  positions: readonly number[];
  /** The token of each position. */
  tokenIds: readonly number[];
  /** Each token alone as text; bytes that are no whole character appear as U+FFFD. A special token gives "". */
  texts: readonly string[];
  /** The sampler's own measure, larger is surer: a probability, or for `entropy` and `entropy_bound` the negative entropy in nats. */
  confidence: readonly number[];
  /** Of the distribution that each token was drawn from, nats. */
  entropy: readonly number[];
  /** Those of `positions` that had a token before: it was replaced. */
  edited: readonly number[];
  /** Positions behind an end token, which became padding without being asked for. */
  filled: readonly number[];
  /** Positions that are masked again, by the algorithms that take tokens back. Those edit committed positions, too. */
  remasked: readonly number[];
  /** Forward passes so far. */
  forwardPasses: number;
  /** What was proposed and not committed, if the request asks for it with `provisional`. */
  provisional?: Proposed;
}

/** What a pass proposed for positions that stay as they were; one entry per position. */
export interface Proposed {
  /** As of `Reveal`. */
  positions: readonly number[];
  /** The token proposed for each. */
  texts: readonly string[];
  /** How sure each proposal was; larger is surer. */
  confidence: readonly number[];
}

/** A forward pass of a generation. */
export interface RevealEvent extends Reveal {
  /** Tells the event from the others. */
  type: "reveal";
  /**
   * Positions of the completion that are committed without a gap from the left, up to the first end token; 0 to the end
   * with an algorithm that takes tokens back.
   */
  committedTokens: number;
  /** Their text, whole characters only. Each event's begins with the one before. */
  committedText: string;
  /** Set as soon as nothing that is still masked can change the answer. */
  settled: FinishReason | undefined;
}

/** A forward pass over a text with holes. */
export interface InfillReveal extends Reveal {
  /** Positions that became two masks, in holes of variable length. */
  expanded: readonly number[];
  /** Positions that were removed, likewise. */
  deleted: readonly number[];
}

/** A text with holes before its first pass, and how they are about to be filled, with every default filled in. */
export interface InfillLayout extends Omit<LayoutEvent, "type" | "completionLength"> {
  /** Each token of the text alone as text; null is a mask. */
  cells: readonly (string | null)[];
}

/** The last event: the finished completion. */
export interface DoneEvent {
  /** Tells the event from the others. */
  type: "done";
  /** What was generated. */
  generation: Generation;
}

/** `stop`: the model ended its answer. `length`: the completion filled its canvas or reached `maxTokens`. */
export type FinishReason = "stop" | "length";

/** A finished completion. */
export interface Generation {
  /** The answer: everything before the first end token. */
  text: string;
  /** The whole canvas, end tokens included; positions that an early exit left masked hold the mask token. */
  tokenIds: readonly number[];
  /** Why the answer ended. */
  finishReason: FinishReason;
  /** Tokens of the prompt in the chat template, without padding. */
  promptTokens: number;
  /** Tokens of `text`. */
  completionTokens: number;
  /** Forward passes of the network. */
  forwardPasses: number;
  /** Wall-clock time of the denoising steps, seconds; the first of a kind includes compiling its graph. */
  seconds: number;
  /** The seed that it was drawn with. */
  seed: number;
  /** What was revealed when; `formatTrace` of `@diffucoder/samplers` makes a file of it. */
  trace: DenoiseTrace;
}
