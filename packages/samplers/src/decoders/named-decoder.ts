import type { z } from "zod";
import type { Decoder } from "./decoder.ts";

/** A decoder that can be chosen by name, with the options that it reads under that name. */
export interface NamedDecoder<Options = never> {
  /** What each step commits, a phrase for help texts. */
  readonly about: string;
  /** Its options. A name that another decoder has too must be the same option, with the same schema. */
  readonly options: z.ZodObject;
  /** Whether it can take back what it has committed: the text is then certain only at the end. @default false */
  readonly takesBack?: boolean;
  /** Whether it is made for block-causal models, and its blocks are theirs. @default false */
  readonly inBlocks?: boolean;
  /** Whether the model's tokens must see their own block and earlier ones only, or only earlier tokens. @default false */
  readonly needsBlocks?: boolean;
  /** The decoder with these options. @throws {ConfigError} naming every bad one */
  make(options: Options): Decoder;
}
