import type { ChatMessage } from "diffucoder";
import { z } from "zod";
import type { FieldNames } from "./api-error.ts";
import type { CompletionJob, JobDefaults } from "./completions.ts";
import { SchemaSchema } from "./constraint-fields.ts";
import { decodingOptions } from "./decoding-fields.ts";
import { neutral } from "./neutral-fields.ts";
import { maybe } from "./maybe.ts";
import { ContentSchema, openAiSampling, TextSchema } from "./requests.ts";
import { CallSchema, FlatToolChoiceSchema, FlatToolsSchema, refineTools } from "./tools.ts";

/** What comes back with our own answers. */
const ours = { id: z.string().nullish(), status: z.string().nullish() };

const MessageSchema = z
  .strictObject({
    type: z.literal("message").optional(),
    role: z.enum(["system", "developer", "user", "assistant"]),
    content: ContentSchema,
    phase: z.unknown().optional(),
    ...ours,
  })
  .transform(({ role, content }): ChatMessage => ({ role: role === "developer" ? "system" : role, content }));

const CallItemSchema = z
  .strictObject({ type: z.literal("function_call"), call_id: z.string(), name: z.string(), arguments: z.string(), namespace: neutral([]), ...ours })
  .transform(({ call_id: id, name, arguments: given }) => ({ id, name, arguments: given }))
  .pipe(CallSchema)
  .transform((call): ChatMessage => ({ role: "assistant", content: "", toolCalls: [call] }));

const ResultItemSchema = z
  .strictObject({ type: z.literal("function_call_output"), call_id: z.string(), output: ContentSchema, ...ours })
  .transform(({ call_id: toolCallId, output: content }): ChatMessage => ({ role: "tool", content, toolCallId }));

/** A value that says itself which schema it is to fit, whose problems are told then. */
const chosen = <T>(choose: (value: unknown) => z.ZodType<T>) =>
  z.unknown().transform((value, context): T => {
    const read = choose(value).safeParse(value);
    if (read.success) return read.data;
    for (const { path, message } of read.error.issues) context.addIssue({ code: "custom", path: [...path], message });
    return z.NEVER;
  });

const ITEMS: Readonly<Record<string, z.ZodType<ChatMessage>>> = { function_call: CallItemSchema, function_call_output: ResultItemSchema };

/** One item of a conversation. */
const ItemSchema = chosen((item) => ITEMS[String((item as { type?: unknown } | null)?.type)] ?? MessageSchema);

/** Calls belong to the assistant's message before them. */
function joined(items: readonly ChatMessage[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const item of items) {
    const before = messages.at(-1);
    if (item.toolCalls !== undefined && before?.role === "assistant")
      messages[messages.length - 1] = { ...before, toolCalls: [...(before.toolCalls ?? []), ...item.toolCalls] };
    else messages.push(item);
  }
  return messages;
}

const ItemsSchema = z.array(ItemSchema).min(1).max(64).transform(joined);
const InputTextSchema = z.string("expected a text or a list of messages").min(1, "must not be empty").pipe(TextSchema);

const FormatSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    schema: SchemaSchema,
    // A schema is kept to, strict or not, whatever it is called.
    name: z.string().optional(),
    description: z.string().nullish(),
    strict: z.boolean().nullish(),
  }),
]);

const {
  n: _n,
  stop: _stop,
  stream_options: _options,
  response_format: _format,
  ...sampling
} = openAiSampling as typeof openAiSampling & { response_format?: unknown };

/** `POST /v1/responses`. Nothing is stored, so a conversation is sent whole. */
export const ResponsesRequestSchema = z
  .strictObject({
    input: chosen<string | ChatMessage[]>((input) => (Array.isArray(input) ? ItemsSchema : InputTextSchema)),
    instructions: maybe(TextSchema),
    max_output_tokens: maybe(z.int().positive()),
    previous_response_id: neutral([]),
    conversation: neutral([]),
    prompt: neutral([]),
    background: neutral([false]),
    include: neutral([[]]),
    reasoning: neutral([{}]),
    text: maybe(z.strictObject({ format: maybe(FormatSchema), verbosity: neutral(["medium"]) })),
    tools: maybe(FlatToolsSchema),
    tool_choice: maybe(FlatToolChoiceSchema),
    top_logprobs: neutral([0]),
    truncation: neutral(["disabled"]),
    max_tool_calls: neutral([]),
    stream_options: neutral([{}, { include_obfuscation: false }]),
    ...sampling,
    metadata: z.record(z.string(), z.string()).nullish(),
  })
  .superRefine(refineTools(["strict"]));

/** What is called otherwise here than in a chat. */
export const RESPONSES_FIELDS: FieldNames = {
  max_tokens: "max_output_tokens",
  messages: "input",
  response_format: "text.format",
  "response_format.json_schema.schema": "text.format.schema",
};

export type ResponsesRequest = z.output<typeof ResponsesRequestSchema>;

/** A format as a chat asks for it. */
function responseFormat({ text }: ResponsesRequest) {
  const format = text?.format;
  return format?.type === "json_schema" ? { type: format.type, json_schema: { schema: format.schema } } : format;
}

export function responsesJob(request: ResponsesRequest, { randomSeed, maxTokens = Infinity }: JobDefaults): CompletionJob {
  const { input, instructions, max_output_tokens: asked = Infinity, temperature, top_p: topP, seed = randomSeed } = request;
  const { tools = [], tool_choice: choice } = request;
  const conversation: ChatMessage[] = typeof input === "string" ? [{ role: "user", content: input }] : input;
  const messages: ChatMessage[] = instructions === undefined ? conversation : [{ role: "system", content: instructions }, ...conversation];
  const most = Math.min(asked, maxTokens);
  return {
    inputs: [{ messages, ...(tools.length > 0 && choice !== "none" && { tools }) }],
    maxTokens: most === Infinity ? undefined : most,
    temperature,
    topP,
    decoding: decodingOptions({ ...request, response_format: responseFormat(request) }),
    seed,
    stops: [],
    choices: 1,
    logprobs: false,
  };
}
