// Function calling in OpenAI's form, over what a model's chat template makes of it.
import { type DecodingOptions, parseToolCalls, TOOL_CALL_MARK, type ToolCall, type ToolDefinition } from "diffucoder";
import { z } from "zod";
import { ApiError } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import { maybe } from "./maybe.ts";
import { StopFilter } from "./stop-filter.ts";

const NAME = z.string().min(1).max(64);

const functionFields = {
  name: NAME,
  description: maybe(z.string()),
  parameters: maybe(z.record(z.string(), z.unknown())),
  strict: maybe(z.boolean()),
};
const MOST_TOOLS = 128;

/** `tools` of a chat. */
export const ToolsSchema = z.array(z.strictObject({ type: z.literal("function"), function: z.strictObject(functionFields) })).max(MOST_TOOLS);

/** `tools` of `/v1/responses`: the same functions, one level less deep. */
export const FlatToolsSchema = z
  .array(
    z
      .strictObject({ type: z.literal("function", "must be function: there are no tools of the server's own"), ...functionFields })
      .transform(({ type, ...own }): ToolDefinition => ({ type, function: own })),
  )
  .max(MOST_TOOLS);

/** What the answer must do with the tools. */
export type ToolChoice = "none" | "auto" | "required" | { name: string };

const choiceOf = <S extends z.ZodType<ToolChoice>>(named: S) =>
  z.union([z.enum(["none", "auto", "required"]), named], { error: 'expected "none", "auto", "required" or a function by its name' });

/** `tool_choice` of a chat. */
export const ToolChoiceSchema = choiceOf(
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: NAME }) }).transform(({ function: { name } }) => ({ name })),
);

/** `tool_choice` of `/v1/responses`. */
export const FlatToolChoiceSchema = choiceOf(z.strictObject({ type: z.literal("function"), name: NAME }).transform(({ name }) => ({ name })));

/** The fields of a request that are about tools. */
export interface ToolRequest {
  tools?: readonly ToolDefinition[] | undefined;
  tool_choice?: ToolChoice | undefined;
}

const isForced = (choice: ToolChoice | undefined): choice is "required" | { name: string } => choice === "required" || typeof choice === "object";

/** Refuses a choice of what is not there, and a promise that would not be kept. @param strict where `strict` stands in a tool */
export const refineTools =
  (strict: readonly string[]) =>
  ({ tools = [], tool_choice: choice }: ToolRequest, context: z.RefinementCtx): void => {
    const refuse = (path: (string | number)[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (choice === "required" && tools.length === 0) refuse(["tool_choice"], "there are no tools");
    if (typeof choice === "object" && !tools.some(({ function: { name } }) => name === choice.name))
      refuse(["tool_choice"], `there is no tool with the name ${JSON.stringify(choice.name)}`);
    const at = isForced(choice) ? -1 : tools.findIndex(({ function: { strict } }) => strict === true);
    if (at >= 0)
      refuse(
        ["tools", at, ...strict],
        'must be false unless tool_choice is "required" or names a function: else nothing holds the arguments to their schema',
      );
  };

/** The constraint by which an answer is a call of a function that had to be called; `undefined`: none had to. */
export function constraintOfTools({ tools = [], tool_choice: choice }: ToolRequest): DecodingOptions["constraint"] {
  if (!isForced(choice)) return undefined;
  const callable = tools.map(({ function: { name, parameters } }) => ({ name, parameters }));
  if (choice === "required") return { kind: "tool_calls", tools: callable };
  return { kind: "tool_calls", tools: callable.filter(({ name }) => name === choice.name), maxCalls: 1 };
}

/** A call that comes back, whose arguments are JSON in a text. */
export const CallSchema = z
  .object({ id: z.string(), name: NAME, arguments: z.string() })
  .transform(({ id, name, arguments: text }, context): ToolCall => {
    try {
      const given: unknown = JSON.parse(text);
      if (typeof given === "object" && given !== null && !Array.isArray(given)) return { id, name, arguments: given as Record<string, unknown> };
    } catch {
      // told below
    }
    context.addIssue({ code: "custom", path: ["arguments"], message: "must be a JSON object" });
    return z.NEVER;
  });

/** Calls of an assistant's message that comes back. */
export const ToolCallsSchema = z.array(
  z
    .strictObject({
      id: z.string(),
      type: z.literal("function"),
      function: z.strictObject({ name: NAME, arguments: z.string() }),
      index: z.unknown().optional(),
    })
    .transform(({ id, function: own }, context): ToolCall => {
      const call = CallSchema.safeParse({ id, ...own });
      if (call.success) return call.data;
      for (const { path, message } of call.error.issues) context.addIssue({ code: "custom", path: ["function", ...path], message });
      return z.NEVER;
    }),
);

/** @throws {ApiError} if the model cannot be given tools */
export function checkTools({ tokenizer }: Pick<Engine, "tokenizer">, tools: readonly ToolDefinition[]): void {
  if (tools.length === 0 || tokenizer.toolFormat !== undefined) return;
  const message = "tools: the model's chat template takes none, or has calls written in a form that this server does not read. Leave them out.";
  throw new ApiError({ status: 400, message, param: "tools", code: "invalid_value" });
}

/** Cuts a growing answer before its first call, and reads the calls at the end. */
export class CallReader {
  readonly #filter: StopFilter;
  #answer = "";
  #told = 0;

  constructor(format: keyof typeof TOOL_CALL_MARK) {
    this.#filter = new StopFilter([TOOL_CALL_MARK[format]]);
  }

  /** @param piece the answer goes on with it @returns what of the answer is no call for sure */
  push(piece: string): string {
    this.#answer += piece;
    return this.#tell(this.#filter.push(this.#answer));
  }

  /** The rest of the answer, and its calls. */
  end(): { text: string; calls: ToolCall[] } {
    const rest = this.#filter.push(this.#answer, { complete: true });
    if (!this.#filter.stopped) return { text: rest, calls: [] };
    const { content, calls } = parseToolCalls(this.#answer.slice(this.#told));
    return { text: content, calls };
  }

  #tell(text: string): string {
    this.#told += text.length;
    return text;
  }
}
