import { FileError, InvalidArgumentError, NoChatTemplateError } from "@diffucoder/core";
import { type AddedToken, AddedTokens, type TextPart } from "./added-tokens.ts";
import { ChatTemplate } from "./chat-template.ts";
import type { TokenStore } from "./kept-tokens.ts";
import type { TokenBytes } from "./token-bytes.ts";
import { refuseTools, templateMessage, type ToolCall, type ToolDefinition, type ToolFormat } from "./tool-calls.ts";
import { readTokenizerFile, type TokenizerFile, type TokenRole, toVocabulary, type Vocabulary } from "./tokenizer-file.ts";
import { readTokenizerFolder } from "./tokenizer-folder.ts";
import { WordEncoder } from "./word-encoder.ts";

/** Names of the special tokens that the system itself uses, unless a tokenizer's files name others. */
export const SPECIAL_TOKENS = { endOfText: "<|endoftext|>", imStart: "<|im_start|>", imEnd: "<|im_end|>", mask: "<|mask|>" } as const;

/** What the system uses a special token for. */
export type SpecialRole = keyof typeof SPECIAL_TOKENS;

/** Tokens that end an answer, where a tokenizer has them. */
const STOP_TOKENS = ["<|im_end|>", "<|endoftext|>", "<|dlm_pad|>"];

/** One message of a conversation. */
export interface ChatMessage {
  /** Its role; `"tool"` gives the result of a call. */
  role: "system" | "user" | "assistant" | "tool";
  /** Its text; special tokens in it stay text. */
  content: string;
  /** Calls that the assistant made in it. @default none */
  toolCalls?: readonly ToolCall[] | undefined;
  /** Which call a result is of. @default told by the order */
  toolCallId?: string | undefined;
}

/** How a conversation is written. */
export interface ChatOptions {
  /** End where the completion goes, in ChatML with `<|im_start|>assistant\n`. @default true */
  addGenerationPrompt?: boolean;
  /** Functions that the assistant may call. @default none */
  tools?: readonly ToolDefinition[] | undefined;
  /** The time that a template writes with `strftime_now`. @default the present */
  now?: Date;
}

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
  /** Tokens that end an answer: `<|im_end|>`, `<|endoftext|>` and `<|dlm_pad|>` if present, and the end and padding tokens. */
  readonly stopIds: ReadonlySet<number>;
  /** Number of ids, special ones included. */
  readonly vocabSize: number;
  readonly #tokens: TokenBytes;
  /** Bytes of the added tokens by id. */
  readonly #addedBytes: ReadonlyMap<number, Uint8Array>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #added: AddedTokens;
  /** Runs of white space that are tokens, and no control tokens: as much text as any word. */
  readonly #textual: AddedTokens | undefined;
  readonly #normalize: (text: string) => string;
  readonly #words: WordEncoder;
  readonly #chatTemplate: ChatTemplate | undefined;

  /** @throws {InvalidArgumentError} if the chat template is not Jinja */
  constructor({ tokens, merges, asTiktoken, ignoreMerges = false, added, splits, normalForms = ["NFC"], roles = {}, chatTemplate }: Vocabulary) {
    this.specialTokens = new Map(added.map(({ content, id }) => [content, id]));
    const idOf = (text: string): number | undefined => this.specialTokens.get(text);
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
            throw new InvalidArgumentError({
              argument: "tokenizer",
              value: [...this.specialTokens.keys()],
              expected: `one with the special token ${text}`,
            });
          };
          return [role, { get }];
        }),
      ),
    ) as Readonly<Record<SpecialRole, number>>;
    this.roles = Object.fromEntries(Object.entries(roles).map(([role, text]) => [role, idOf(text)]));
    this.stopIds = new Set([...STOP_TOKENS.map(idOf), this.roles.eos, this.roles.pad].filter((id) => id !== undefined));

    this.#tokens = tokens;
    this.#addedBytes = new Map(added.map(({ content, id }) => [id, new TextEncoder().encode(content)]));
    this.#specialIds = new Set(added.filter((token) => !isTextual(token) && !tokens.has(token.id)).map(({ id }) => id));
    this.vocabSize = Math.max(tokens.length, ...added.map(({ id }) => id + 1));
    this.#normalize = (text) => normalForms.reduce((normal, form) => normal.normalize(form), text);
    this.#added = new AddedTokens(added, this.#normalize);
    const textual = added.filter(isTextual);
    if (textual.length > 0) this.#textual = new AddedTokens(textual, this.#normalize);
    this.#words = new WordEncoder({ tokens, merges, asTiktoken, ignoreMerges, splits });
    this.#chatTemplate = chatTemplate === undefined ? undefined : new ChatTemplate(chatTemplate);
  }

  /**
   * Reads a folder in Hugging Face's form: `tokenizer.json`, or `vocab.json`, `merges.txt` and `added_tokens.json`; with the
   * roles and the chat template of `tokenizer_config.json`.
   *
   * @throws {FileError} naming the file that is missing or wrong
   */
  static fromFolder(
    directory: string,
    {
      store,
    }: {
      /** Where what takes long to read is kept, for the next time. @default it is not kept */
      store?: TokenStore | undefined;
    } = {},
  ): Tokenizer {
    return construct(readTokenizerFolder(directory, store), directory);
  }

  /** Reads a `tokenizer.json` alone. @throws {FileError} if the file is missing, or is not a byte-level BPE */
  static fromFile(path: string): Tokenizer {
    return construct(readTokenizerFile(path), path);
  }

  /** A tokenizer from the JSON of a `tokenizer.json`, as `trainBpe` makes it. @throws {FileError} as `fromFile` does */
  static fromData(file: TokenizerFile): Tokenizer {
    return new Tokenizer(toVocabulary(file));
  }

  /**
   * Ids of plain text, after the file's Unicode normalization. Special tokens in the text are spelled out like any other text,
   * and none is put around it: the ids of Hugging Face's `encode(text, add_special_tokens=False)` with special tokens as text.
   *
   * @throws {InvalidArgumentError} if `text` is not a string, or a pattern of the file takes seconds to cut it
   */
  encode(text: string): number[] {
    checkText(text);
    return this.#textual === undefined ? this.#encodeText(text) : this.#encodeParts(this.#textual.cut(text));
  }

  #encodeText(text: string): number[] {
    return this.#words.encode(this.#normalize(text).replace(/\p{Surrogate}/gu, "\uFFFD"));
  }

  /**
   * Ids of text in which added tokens are recognized, as Hugging Face's tokenizers do in any text: with their
   * `lstrip`, `rstrip`, `single_word` and `normalized`, and without what a post-processor adds. Only for text that no user can influence.
   *
   * @throws {InvalidArgumentError} as `encode` does
   */
  encodeTrusted(text: string): number[] {
    checkText(text);
    return this.#encodeParts(this.#added.cut(text));
  }

  /**
   * A conversation in the chat template of the tokenizer's files; without one in ChatML, `<|im_start|>role\ncontent<|im_end|>\n`
   * for each message. Special tokens come from the template alone.
   *
   * @throws {InvalidArgumentError} if `messages` is empty or malformed, or the template refuses it or takes too many steps
   * @throws {NoChatTemplateError} if there is neither a template nor ChatML's tokens
   */
  encodeChat(messages: readonly ChatMessage[], { addGenerationPrompt = true, tools, now = new Date() }: ChatOptions = {}): number[] {
    checkMessages(messages);
    if (this.#chatTemplate !== undefined) {
      const textOf = new Map(Array.from(this.specialTokens, ([text, id]) => [id, text]));
      const tokens = Object.fromEntries(Object.entries(this.roles).map(([role, id]) => [`${role}_token`, textOf.get(id) as string]));
      const { text, ranges } = this.#chatTemplate.render({ messages: messages.map(templateMessage), tools, addGenerationPrompt, tokens, now });
      return this.#encodeParts(this.#added.cut(text, ranges));
    }
    if (!this.hasChat) throw new NoChatTemplateError({ argument: "messages", value: messages });
    refuseTools(messages, tools);
    const { imStart, imEnd } = this.special;
    const ids = messages.flatMap(({ role, content }, i) => {
      checkText(content, `messages[${i}].content`);
      return [imStart, ...this.encode(`${role}\n${content}`), imEnd, ...this.encode("\n")];
    });
    return addGenerationPrompt ? [...ids, imStart, ...this.encode("assistant\n")] : ids;
  }

  #encodeParts(parts: readonly TextPart[]): number[] {
    return parts.flatMap((part) => ("text" in part ? this.#encodeText(part.text) : [part.id]));
  }

  /**
   * Text of ids. Bytes that are not UTF-8, and ids that have no token, become U+FFFD.
   *
   * @throws {InvalidArgumentError} if one of the ids is not an integer of at least 0
   */
  decode(
    ids: Iterable<number>,
    {
      skipSpecial = true,
    }: {
      /** Leave special tokens out. @default true */
      skipSpecial?: boolean;
    } = {},
  ): string {
    const parts: Uint8Array[] = [];
    for (const id of checkedIds(ids)) if (!(skipSpecial && this.isSpecial(id))) parts.push(this.tokenBytes(id));
    return utf8().decode(Buffer.concat(parts));
  }

  /** Decodes token by token: a character whose bytes are spread over tokens comes out with its last one. */
  decodeStream(): { push(id: number): string; end(): string } {
    const decoder = utf8();
    return {
      push: (id) => {
        checkId(id, "id");
        return this.isSpecial(id) ? "" : decoder.decode(this.tokenBytes(id), { stream: true });
      },
      end: () => decoder.decode(),
    };
  }

  /** Whether `encodeChat` can write a conversation: the files have a chat template, or at least ChatML's tokens. */
  get hasChat(): boolean {
    return this.#chatTemplate !== undefined || (["imStart", "imEnd"] as const).every((role) => this.specialTokens.has(SPECIAL_TOKENS[role]));
  }

  /** How answers write calls of `tools`; `undefined` if the chat template takes none, or has them written in a form that is not read here. */
  get toolFormat(): ToolFormat | undefined {
    return this.#chatTemplate?.toolFormat;
  }

  /** Whether an id has a token: embeddings often have more rows than there are tokens. */
  hasToken(id: number): boolean {
    return this.#tokens.has(id) || this.#addedBytes.has(id);
  }

  /** Whether an id is an added token's, which `decode` leaves out. */
  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** Bytes of one token; those of U+FFFD for an id without one. */
  tokenBytes(id: number): Uint8Array {
    return this.#addedBytes.get(id) ?? this.#tokens.get(id) ?? replacement;
  }
}

function checkText(text: unknown, argument = "text"): asserts text is string {
  if (typeof text !== "string") throw new InvalidArgumentError({ argument, value: text, expected: "a string" });
}

function checkedIds(ids: Iterable<number>): number[] {
  const isIterable = typeof ids === "object" && ids !== null && Symbol.iterator in ids;
  if (!isIterable) throw new InvalidArgumentError({ argument: "ids", value: ids, expected: "an array of token ids" });
  const list = [...ids];
  for (const [i, id] of list.entries()) checkId(id, `ids[${i}]`);
  return list;
}

function checkId(id: unknown, argument: string): void {
  if (!Number.isInteger(id) || (id as number) < 0)
    throw new InvalidArgumentError({ argument, value: id, expected: "a token id, an integer of at least 0" });
}

function checkMessages(messages: unknown): asserts messages is readonly ChatMessage[] {
  if (!Array.isArray(messages)) throw new InvalidArgumentError({ argument: "messages", value: messages, expected: "an array of { role, content }" });
  for (const [i, message] of messages.entries()) {
    if (typeof message !== "object" || message === null)
      throw new InvalidArgumentError({ argument: `messages[${i}]`, value: message, expected: "an object { role, content }" });
    checkText((message as ChatMessage).role, `messages[${i}].role`);
  }
}

const isTextual = ({ content, special }: AddedToken): boolean => special === false && content.trim() === "";

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
