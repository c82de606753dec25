// Function calling in OpenAI's form, over what a model's chat template makes of it.
import { parseToolCalls, TOOL_CALL_MARK, type ToolCall, type ToolDefinition } from "diffucoder";
import { z } from "zod";
import { ApiError } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import { StopFilter } from "./stop-filter.ts";

const NAME = z.string().min(1).max(64);

/** `tools` of a request. */
export const ToolsSchema = z
  .array(
    z.strictObject({
      type: z.literal("function"),
      function: z.strictObject({
        name: NAME,
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
        strict: z.literal(false, "must be false: arguments are not held to their schema").nullish(),
      }),
    }),
  )
  .max(128);

/** Calls of an assistant's message that comes back. */
export const ToolCallsSchema = z.array(
  z
    .strictObject({
      id: z.string(),
      type: z.literal("function"),
      function: z.strictObject({ name: NAME, arguments: z.string() }),
      index: z.unknown().optional(),
    })
    .transform(({ id, function: { name, arguments: text } }, context): ToolCall => {
      try {
        const given: unknown = JSON.parse(text);
        if (typeof given === "object" && given !== null && !Array.isArray(given)) return { id, name, arguments: given as Record<string, unknown> };
      } catch {
        // told below
      }
      context.addIssue({ code: "custom", path: ["function", "arguments"], message: "must be a JSON object" });
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
