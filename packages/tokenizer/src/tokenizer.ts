import { Tiktoken } from "@dqbd/tiktoken";
import { FileError, InvalidArgumentError } from "@diffucoder/core";
import { ChatTemplate, cutAtSpecial } from "./chat-template.ts";
import { ByteMerger } from "./merge-bytes.ts";
import { splitWords, toJavaScriptPattern } from "./split-words.ts";
import { readTokenizerFile, type TokenizerFile, type TokenRole, toVocabulary, type Vocabulary } from "./tokenizer-file.ts";
import { readTokenizerFolder } from "./tokenizer-folder.ts";

/** What the special tokens that the system itself uses are called, unless a tokenizer's files name others. */
export const SPECIAL_TOKENS = { endOfText: "<|endoftext|>", imStart: "<|im_start|>", imEnd: "<|im_end|>", mask: "<|mask|>" } as const;

export type SpecialRole = keyof typeof SPECIAL_TOKENS;

/** Tokens that end an answer, where a tokenizer has them. */
const STOP_TOKENS = ["<|im_end|>", "<|endoftext|>", "<|dlm_pad|>"];

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** Words of more bytes are merged here: tiktoken takes time that grows with their square. */
const LONG_WORD_BYTES = 100;

/** Words whose ids are remembered; they make up most of a text. */
const REMEMBERED_WORDS = 1 << 16;

/**
 * A byte-level BPE tokenizer.
 *
 * Text is always ordinary text: nothing that a user types becomes a special token, so a prompt cannot contain a mask
 * or end a turn. Special tokens are written by `encodeChat`, by `encodeTrusted` and by id only.
 */
export class Tokenizer {
  /** Ids of the special tokens that the system uses. Reading one that the tokenizer lacks throws an `InvalidArgumentError`. */
  readonly special: Readonly<Record<SpecialRole, number>>;
  /** Ids of all special tokens, by their text. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Ids of the tokens that the files name for a role. */
  readonly roles: Readonly<Partial<Record<TokenRole, number>>>;
  /** Tokens that end an answer: `<|im_end|>`, `<|endoftext|>` and `<|dlm_pad|>` as far as they are there, and the end and padding tokens. */
  readonly stopIds: ReadonlySet<number>;
  /** Number of ids, special ones included. */
  readonly vocabSize: number;
  readonly #tokens: readonly (Uint8Array | undefined)[];
  readonly #specialIds: ReadonlySet<number>;
  readonly #normalize: boolean;
  readonly #bpe: Tiktoken;
  readonly #merger: ByteMerger;
  /** Undefined where the pattern cannot be told in JavaScript: then tiktoken cuts the text into words as well. */
  readonly #pattern: RegExp | undefined;
  readonly #words = new Map<string, number | readonly number[]>();
  readonly #chatTemplate: ChatTemplate | undefined;

  /** @throws {InvalidArgumentError} if the pattern is not a regular expression, or the chat template not Jinja */
  constructor({ tokens, special, pattern, normalize = true, roles = {}, chatTemplate }: Vocabulary) {
    const idOf = (text: string): number | undefined => (Object.hasOwn(special, text) ? special[text] : undefined);
    const named: Partial<Record<SpecialRole, string>> = {
      ...(roles.mask !== undefined && { mask: roles.mask }),
      ...(idOf(SPECIAL_TOKENS.endOfText) === undefined && roles.eos !== undefined && { endOfText: roles.eos }),
    };
    this.special = Object.create(
      null,
      Object.fromEntries(
        Object.entries(SPECIAL_TOKENS).map(([role, usual]) => {
          const text = named[role as SpecialRole] ?? usual;
          const id = idOf(text);
          if (id !== undefined) return [role, { value: id, enumerable: true }];
          const get = (): never => {
            throw new InvalidArgumentError({ argument: "tokenizer", value: Object.keys(special), expected: `one with the special token ${text}` });
          };
          return [role, { get }];
        }),
      ),
    ) as Readonly<Record<SpecialRole, number>>;
    this.specialTokens = new Map(Object.entries(special));
    this.roles = Object.fromEntries(Object.entries(roles).map(([role, text]) => [role, idOf(text)]));
    this.stopIds = new Set([...STOP_TOKENS.map(idOf), this.roles.eos, this.roles.pad].filter((id) => id !== undefined));

    const all: (Uint8Array | undefined)[] = [...tokens];
    for (const [text, id] of this.specialTokens) all[id] = new TextEncoder().encode(text);
    this.#tokens = all;
    this.#specialIds = new Set(this.specialTokens.values());
    this.vocabSize = all.length;
    this.#normalize = normalize;
    this.#merger = new ByteMerger(tokens);
    this.#pattern = toJavaScriptPattern(pattern);
    this.#chatTemplate = chatTemplate === undefined ? undefined : new ChatTemplate(chatTemplate, [...this.specialTokens.keys()]);
    const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string => Buffer.from(buffer, byteOffset, byteLength).toString("base64");
    const ranks = tokens.map((bytes, id) => `${base64(bytes)} ${id}\n`).join("");
    try {
      this.#bpe = new Tiktoken(ranks, special, pattern);
    } catch {
      throw new InvalidArgumentError({ argument: "pattern", value: pattern, expected: "a regular expression that tiktoken reads" });
    }
  }

  /**
   * Reads a folder in Hugging Face's form: `tokenizer.json`, or `vocab.json`, `merges.txt` and `added_tokens.json`; with the
   * roles and the chat template of `tokenizer_config.json`.
   *
   * @throws {FileError} naming the file that is missing or wrong
   */
  static fromFolder(directory: string): Tokenizer {
    return construct(readTokenizerFolder(directory), directory);
  }

  /** Reads a `tokenizer.json` alone. @throws {FileError} if the file is missing, or is not a byte-level BPE */
  static fromFile(path: string): Tokenizer {
    return construct(readTokenizerFile(path), path);
  }

  static fromData(file: TokenizerFile): Tokenizer {
    return new Tokenizer(toVocabulary(file));
  }

  /** Ids of plain text, after Unicode normalization (NFC). Special tokens in the text are spelled out like any other text. */
  encode(text: string): number[] {
    const normal = (this.#normalize ? text.normalize("NFC") : text).replace(/\p{Surrogate}/gu, "\uFFFD");
    if (this.#pattern === undefined) return Array.from(this.#bpe.encode(normal, [], []));
    const ids: number[] = [];
    for (const word of splitWords(normal, this.#pattern)) {
      const known = this.#words.get(word) ?? this.#encodeWord(word);
      if (typeof known === "number") ids.push(known);
      else for (const id of known) ids.push(id);
    }
    return ids;
  }

  #encodeWord(word: string): number | readonly number[] {
    const bytes = Buffer.from(word);
    if (bytes.length > LONG_WORD_BYTES) return this.#merger.merge(bytes);
    const ids = this.#bpe.encode(word, [], []);
    const result = ids.length === 1 ? (ids[0] as number) : Array.from(ids);
    if (this.#words.size >= REMEMBERED_WORDS) this.#words.clear();
    this.#words.set(word, result);
    return result;
  }

  /**
   * Ids of text in which special tokens are meant where they are written, as Hugging Face's tokenizers read any text. Only for
   * text that no user had a hand in.
   */
  encodeTrusted(text: string): number[] {
    return this.#encodeParts(cutAtSpecial(text, [...this.specialTokens.keys()]));
  }

  /**
   * A conversation in the chat template of the tokenizer's files; without one in ChatML, `<|im_start|>role\ncontent<|im_end|>\n`
   * for each message. Special tokens come from the template alone.
   *
   * @param addGenerationPrompt end where the completion goes, in ChatML with `<|im_start|>assistant\n`. @default true
   * @throws {InvalidArgumentError} if the template refuses the messages
   */
  encodeChat(messages: readonly ChatMessage[], { addGenerationPrompt = true }: { addGenerationPrompt?: boolean } = {}): number[] {
    if (this.#chatTemplate !== undefined) {
      const textOf = new Map(Array.from(this.specialTokens, ([text, id]) => [id, text]));
      const tokens = Object.fromEntries(Object.entries(this.roles).map(([role, id]) => [`${role}_token`, textOf.get(id) as string]));
      return this.#encodeParts(this.#chatTemplate.render({ messages, addGenerationPrompt, tokens }));
    }
    const { imStart, imEnd } = this.special;
    const ids = messages.flatMap(({ role, content }) => [imStart, ...this.encode(`${role}\n${content}`), imEnd, ...this.encode("\n")]);
    return addGenerationPrompt ? [...ids, imStart, ...this.encode("assistant\n")] : ids;
  }

  #encodeParts(parts: ReturnType<typeof cutAtSpecial>): number[] {
    return parts.flatMap((part) => ("text" in part ? this.encode(part.text) : [this.specialTokens.get(part.special) as number]));
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

  /** Whether `encodeChat` can write a conversation: the files have a chat template, or at least ChatML's tokens. */
  get hasChat(): boolean {
    return this.#chatTemplate !== undefined || (["imStart", "imEnd"] as const).every((role) => this.specialTokens.has(SPECIAL_TOKENS[role]));
  }

  /** Whether an id has a token: embeddings often have more rows than there are tokens. */
  hasToken(id: number): boolean {
    return this.#tokens[id] !== undefined;
  }

  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** Bytes of one token; those of U+FFFD for an id without one. */
  tokenBytes(id: number): Uint8Array {
    return this.#tokens[id] ?? replacement;
  }
}

function construct(vocabulary: Vocabulary, path: string): Tokenizer {
  try {
    return new Tokenizer(vocabulary);
  } catch (cause) {
    throw new FileError({ path, problem: (cause as Error).message.replace(/\.$/, ""), cause });
  }
}

/** A byte order mark at the start is text like any other. */
const utf8 = (): TextDecoder => new TextDecoder("utf-8", { ignoreBOM: true });

const replacement = new TextEncoder().encode("\uFFFD");
