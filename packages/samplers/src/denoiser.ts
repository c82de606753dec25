import type { ConfidenceName } from "./options.ts";

/** How a token is drawn for a position, and how sure of it the model is said to be. */
export interface DrawOptions {
  /** From 0; below 1e-5 the likeliest token is taken. */
  temperature: number;
  /** Nucleus sampling: the smallest set of tokens that reaches this probability, in (0, 1]. @default all tokens */
  topP?: number | undefined;
  /** Only the k likeliest tokens, and those as likely as the k-th. @default all tokens */
  topK?: number | undefined;
  /** What the confidence of a proposal is. */
  confidence: ConfidenceName;
  /**
   * Classifier-free guidance (LLaDA): logits become `u + (scale + 1) (c - u)`, where u are those of the row with its
   * prompt masked. Twice the work. @default 0, none
   */
  guidanceScale?: number | undefined;
  /** Ids of tokens that stay in the prompt where it is masked for guidance. @default none */
  guidanceKeepIds?: readonly number[] | undefined;
}

/** Tokens in groups that are allowed or not as a whole. */
export interface TokenClasses {
  /** `[V]`, the class of each token. The same array in every request of a row. */
  classOf: Int32Array;
  /** How many classes there are; `classOf` holds numbers below it. */
  classCount: number;
}

/** Which tokens the m asked positions of a row may get. */
export interface AllowedTokens extends TokenClasses {
  /** `[m * classCount]`, 1 where a position may get the tokens of a class. */
  allowed: Uint8Array;
}

/** One forward pass over B rows of L tokens, and a proposal for each of M positions. */
export interface DenoiseRequest {
  /** Token ids, `[B * L]`; rows begin at their first column, and shorter ones are padded on the right. */
  inputIds: Int32Array;
  /** Rows of the batch, B. */
  batchSize: number;
  /** Columns of each row, padding included: L. */
  length: number;
  /** `[B * L]`, 0 on padding. @default all real */
  attentionMask?: Int32Array | undefined;
  /** `[B * L]`. @default 0, 1, ... in each row */
  positionIds?: Int32Array | undefined;
  /** `[M]`, indices into `inputIds` of the positions to propose tokens for, row after row. */
  positions: Int32Array;
  /** `[B]`, how the tokens of each row are drawn. */
  draws: readonly DrawOptions[];
  /** `[M]` in [0, 1), one number for each position; not read at temperature 0. @default all rows are greedy */
  uniforms?: Float32Array | undefined;
  /** `[B * L]`, `inputIds` with the prompts masked; read for rows whose `guidanceScale` is above 0. */
  unconditionalIds?: Int32Array | undefined;
  /** `[B]`, which tokens the positions of each row may get. @default all */
  allowed?: readonly (AllowedTokens | undefined)[] | undefined;
  /** `[B]`, the rows of the session that are lent to these: a row keeps its own until it is released. */
  rows?: readonly number[] | undefined;
  /** `[B * 2]`, first column of the block that each row decodes, and the column behind it. @default the whole row */
  windows?: Int32Array | undefined;
  /** `[B]`, column of each row from which a block-causal model counts its blocks. @default 0 */
  blockOrigins?: readonly number[] | undefined;
  /** `[B]`, columns of each row before which a block-causal model's tokens see neither it nor what follows. @default what their block lets them see */
  unseenFrom?: readonly (number | undefined)[] | undefined;
  /** The rows stay together to their end, so that columns need not be rounded up to a size that others share. @default false */
  fixedRows?: boolean | undefined;
}

/** Proposals, one for each requested position. */
export interface Proposals {
  /** Ids of the vocabulary, never the mask's: `[M]`. */
  tokens: Int32Array;
  /** `[M]`, larger is surer; what it measures depends on the `confidence` of the row's `draws`. */
  confidence: Float32Array;
  /** Of the distribution that the token was drawn from: `[M]`, nats. */
  entropy: Float32Array;
  /** Tokens that went through the network. @default `batchSize * length` */
  forwardTokens?: number | undefined;
  /** What a cache did with each row in this pass, for the trace: `[B]`. */
  cache?: readonly (CacheState | undefined)[] | undefined;
}

/** A row was computed as a whole, or in a window, with the rest from the cache. */
export type CacheState = "refresh" | "window";

/** All that a sampler sees of a model. */
export interface Denoiser {
  /** Id of the mask token. */
  readonly maskTokenId: number;
  /** Tokens of the vocabulary: ids from it on are refused before the first pass. @default not known */
  readonly vocabSize?: number | undefined;
  /**
   * Whether it may propose the mask token: what is committed then stays masked, as in Dream. @default false: such an answer is
   * an error
   */
  readonly mayProposeMask?: boolean | undefined;
  /** Tokens of the longest row. @default any */
  readonly maxLength?: number | undefined;
  /** Rows of so many columns for whose keys and values there is room, up to `most`; 0: for none. @default any number */
  rowsOfLength?(length: number, most: number): number;
  /** Plans that it has compiled and keeps. @default not known */
  readonly plans?: number | undefined;
  /** A forward pass: for each of `request.positions`, in this order, a token, how sure of it the model is, and the entropy. */
  propose(request: DenoiseRequest): Promise<Proposals>;
  /** Related requests on up to `rows` rows, for denoisers that keep something between them. @default each stands alone */
  openSession?(session: {
    /** Rows at once, at most: `DenoiseRequest.rows` are below it, but for those of a row that is asked in several versions. */
    rows: number;
  }): DenoiseSession;
}

/** What is kept of rows between their passes, such as K/V caches. */
export interface DenoiseSession {
  /** A forward pass over rows of the session, as `Denoiser.propose`. */
  propose(request: DenoiseRequest): Promise<Proposals>;
  /** Forgets a row of the session, which another one gets next. Not called during a pass. */
  release?(row: number): void;
  /** Frees the state. Called once, also when rows fail or are stopped. */
  close(): void;
}

/** A denoiser that holds compiled plans. */
export interface DisposableDenoiser extends Denoiser {
  /** Frees the plans; the denoiser can be used again and compiles anew. */
  dispose(): void;
}
