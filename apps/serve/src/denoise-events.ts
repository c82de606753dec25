// What `/v1/denoise` sends, one type for each event. The page reads the same types.

/** `queued`: before the turn comes, whenever the place changes. */
export interface QueuedData {
  /** Requests that wait in front. */
  ahead: number;
}

/** `layout`: what is about to be written, before the first pass. */
export interface LayoutData {
  /** Tokens that are given. */
  prompt_tokens: number;
  /** The canvas from the left: the text of a given token, or null for a mask. */
  cells: readonly (string | null)[];
  /** Masks among them. */
  completion_length: number;
  /** The most denoising steps that it takes. */
  steps: number;
  alg: string;
  temperature: number;
  top_p: number;
  seed: number;
}

/** `reveal`: a step, and what it changed. Positions count cells from 0; `positions`, `texts`, `confidence` and `entropy` belong together. */
export interface RevealData {
  step: number;
  positions: readonly number[];
  /** "" is a special token, such as the one that ends an answer. */
  texts: readonly string[];
  /** What the algorithm ranks by: minus the entropy in nats for `entropy` and `entropy_bound`, else a probability. */
  confidence: readonly number[];
  /** Nats. */
  entropy: readonly number[];
  /** Those of `positions` that had a token before. */
  edited: readonly number[];
  /** Positions behind an end token, which became padding without being predicted. */
  filled: readonly number[];
  /** Positions that are masked again. */
  remasked: readonly number[];
  forward_passes: number;
  /** What the pass proposed for the other masks, if the request asks for it. */
  provisional?: { positions: readonly number[]; texts: readonly string[]; confidence: readonly number[] };
}

/** `done`: the result. */
export interface DoneData {
  /** The answer, or the whole text with its holes filled. */
  text: string;
  finish_reason: "stop" | "length";
  completion_tokens: number;
  forward_passes: number;
  /** Of the denoising steps, wall clock. */
  seconds: number;
  /** How close the order of this run is to left to right (DiffuCoder, section 3), for several k. */
  ar_ness: readonly ArNess[];
}

/** AR-ness@k of a run; 1 is left to right. */
export interface ArNess {
  k: number;
  /** Share of reveals that directly follow those of the k positions to their left. */
  local: number;
  /** Share of reveals that are among the k leftmost masks. */
  global: number;
  /** What `global` is on average for an order drawn at random. */
  random: number;
}
