import { Tiktoken } from "@dqbd/tiktoken";
import { FileError, InvalidArgumentError } from "@diffucoder/core";
import { readTokenizerFile, type TokenizerFile, toVocabulary, type Vocabulary } from "./tokenizer-file.ts";

/** The special tokens that the system itself uses, by role. */
export const SPECIAL_TOKENS = { endOfText: "<|endoftext|>", imStart: "<|im_start|>", imEnd: "<|im_end|>", mask: "<|mask|>" } as const;

export type SpecialRole = keyof typeof SPECIAL_TOKENS;

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/**
 * A byte-level BPE tokenizer.
 *
 * Text is always ordinary text: nothing that a user types becomes a special token, so a prompt cannot contain a mask
 * or end a turn. Special tokens are written by `encodeChat` and by id only.
 */
export class Tokenizer {
  /** Ids of the special tokens. */
  readonly special: Readonly<Record<SpecialRole, number>>;
  /** Number of ids, special ones included. */
  readonly vocabSize: number;
  readonly #tokens: readonly (Uint8Array | undefined)[];
  readonly #specialIds: ReadonlySet<number>;
  readonly #bpe: Tiktoken;

  /** @throws {InvalidArgumentError} if a special token is missing, or the pattern is not a regular expression */
  constructor(vocabulary: Vocabulary) {
    const idOf = (role: SpecialRole): number => {
      const id = vocabulary.special[SPECIAL_TOKENS[role]];
      if (id === undefined)
        throw new InvalidArgumentError({
          argument: "vocabulary",
          value: Object.keys(vocabulary.special),
          expected: `one with the special token ${SPECIAL_TOKENS[role]}`,
        });
      return id;
    };
    this.special = { endOfText: idOf("endOfText"), imStart: idOf("imStart"), imEnd: idOf("imEnd"), mask: idOf("mask") };
    const tokens: (Uint8Array | undefined)[] = [...vocabulary.tokens];
    for (const [text, id] of Object.entries(vocabulary.special)) tokens[id] = new TextEncoder().encode(text);
    this.#tokens = tokens;
    this.#specialIds = new Set(Object.values(vocabulary.special));
    this.vocabSize = tokens.length;
    const ranks = vocabulary.tokens.map((bytes, id) => `${Buffer.from(bytes).toString("base64")} ${id}\n`).join("");
    try {
      this.#bpe = new Tiktoken(ranks, vocabulary.special, vocabulary.pattern);
    } catch {
      throw new InvalidArgumentError({ argument: "pattern", value: vocabulary.pattern, expected: "a regular expression that tiktoken reads" });
    }
  }

  /** @throws {FileError} if the file is missing, is not a byte-level BPE or lacks a special token */
  static fromFile(path: string): Tokenizer {
    const vocabulary = readTokenizerFile(path);
    try {
      return new Tokenizer(vocabulary);
    } catch (cause) {
      throw new FileError({ path, problem: (cause as Error).message.replace(/\.$/, ""), cause });
    }
  }

  static fromData(file: TokenizerFile): Tokenizer {
    return new Tokenizer(toVocabulary(file));
  }

  /** Ids of plain text, after Unicode normalization (NFC). Special tokens in the text are spelled out like any other text. */
  encode(text: string): number[] {
    return Array.from(this.#bpe.encode(text.normalize("NFC"), [], []));
  }

  /**
   * A conversation in ChatML: `<|im_start|>role\ncontent<|im_end|>\n` for each message.
   *
   * @param addGenerationPrompt end with `<|im_start|>assistant\n`, where the completion goes. @default true
   */
  encodeChat(messages: readonly ChatMessage[], { addGenerationPrompt = true }: { addGenerationPrompt?: boolean } = {}): number[] {
    const { imStart, imEnd } = this.special;
    const ids = messages.flatMap(({ role, content }) => [imStart, ...this.encode(`${role}\n${content}`), imEnd, ...this.encode("\n")]);
    return addGenerationPrompt ? [...ids, imStart, ...this.encode("assistant\n")] : ids;
  }

  /**
   * Text of ids. Bytes that are not UTF-8, and ids that have no token, become U+FFFD.
   *
   * @param skipSpecial leave special tokens out. @default true
   */
  decode(ids: Iterable<number>, { skipSpecial = true }: { skipSpecial?: boolean } = {}): string {
    const parts: Uint8Array[] = [];
    for (const id of ids) if (!(skipSpecial && this.isSpecial(id))) parts.push(this.tokenBytes(id));
    return utf8().decode(Buffer.concat(parts));
  }

  /** Decodes token by token: a character whose bytes are spread over tokens comes out with its last one. */
  decodeStream(): { push(id: number): string; end(): string } {
    const decoder = utf8();
    return {
      push: (id) => (this.isSpecial(id) ? "" : decoder.decode(this.tokenBytes(id), { stream: true })),
      end: () => decoder.decode(),
    };
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** Bytes of one token; those of U+FFFD for an id without one. */
  tokenBytes(id: number): Uint8Array {
    return this.#tokens[id] ?? replacement;
  }
}

/** A byte order mark at the start is text like any other. */
const utf8 = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true });

const replacement = new TextEncoder().encode("\uFFFD");
