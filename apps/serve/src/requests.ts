import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { decodingFields } from "./decoding-fields.ts";
import { maybe } from "./maybe.ts";
import { neutral, neutralFields } from "./neutral-fields.ts";
import { refineTools, ToolCallsSchema, ToolChoiceSchema, ToolsSchema } from "./tools.ts";

/** JSON can escape half of a surrogate pair, which is no character and has no tokens. */
export const TextSchema = z.string().refine((text) => !/\p{Surrogate}/u.test(text), "has half of a surrogate pair, which is no character");

const TextPartSchema = z.union(
  [
    z.strictObject({
      type: z.enum(["text", "input_text", "output_text"]),
      text: TextSchema,
      annotations: z.unknown().optional(),
      logprobs: z.unknown().optional(),
    }),
    z.strictObject({ type: z.literal("refusal"), refusal: TextSchema }).transform(({ refusal }) => ({ text: refusal })),
  ],
  { error: "expected a part of type text" },
);

/** Text, or a list of parts, which become one text. */
export const ContentSchema = z.union([TextSchema, z.array(TextPartSchema).transform((parts) => parts.map(({ text }) => text).join(""))], {
  error: "expected a string or a list of text parts",
});

/** Fields of a message that we or OpenAI send, and that ask for nothing when they come back. */
const neutralInMessages = {
  refusal: neutral([""]),
  annotations: neutral([[]]),
  audio: neutral([]),
  function_call: neutral([]),
};

const MessageSchema = z
  .strictObject({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: ContentSchema.nullish(),
    name: z.string().nullish(),
    tool_calls: maybe(ToolCallsSchema),
    tool_call_id: maybe(z.string()),
    ...neutralInMessages,
  })
  .refine(({ role, content }) => role === "assistant" || typeof content === "string", {
    path: ["content"],
    error: "expected a string or a list of text parts",
  })
  .transform(({ role, content, tool_calls: toolCalls, tool_call_id: toolCallId }) => ({
    role: role === "developer" ? ("system" as const) : role,
    content: content ?? "",
    ...(toolCalls !== undefined && toolCalls.length > 0 && { toolCalls }),
    ...(toolCallId !== undefined && { toolCallId }),
  }));

export const MessagesSchema = z.array(MessageSchema).min(1).max(64);
const NOT_EMPTY = "must not be empty";
const PromptSchema = z.string().min(1, NOT_EMPTY).pipe(TextSchema);

/** Far more than a model takes; a body is bounded besides. */
const MOST_IDS = 131_072;
const IdsSchema = z.array(z.int().nonnegative()).min(1).max(MOST_IDS);
/** Prompts of one request. */
const MOST_PROMPTS = 64;

/** A text, token ids, or a list of either. */
const PromptsSchema = z.union([TextSchema, IdsSchema, z.array(TextSchema).min(1).max(MOST_PROMPTS), z.array(IdsSchema).min(1).max(MOST_PROMPTS)], {
  error: `expected a text, a list of token ids, or a list of up to ${MOST_PROMPTS} of either`,
});

/** As many seeds as there are: choices draw from `seed + 1` and so on, which are exact below 2^53. */
const SEEDS = 2 ** 52;

/** Any whole number; those beyond the seeds that there are begin again, so that each has an answer of its own. -1 asks for a new one, as with other servers. */
const SeedSchema = z
  .int("expected a whole number; -1 for a new seed")
  .transform((seed) => (seed === -1 ? undefined : ((seed % SEEDS) + SEEDS) % SEEDS));

const StopSchema = TextSchema.min(1).max(256);
/** Editors send dozens. */
const MOST_STOPS = 256;

const sampling = {
  temperature: maybe(z.number().min(0).max(2)),
  top_p: maybe(z.number().gt(0).max(1)),
  seed: maybe(SeedSchema),
  ...decodingFields,
};

export const openAiSampling = {
  ...sampling,
  model: maybe(z.string()),
  stop: z
    .union([StopSchema, z.array(StopSchema).max(MOST_STOPS)], {
      error: `expected a string or up to ${MOST_STOPS}, each of 1 to 256 characters`,
    })
    .nullish(),
  n: maybe(z.int().min(1).max(8)).transform((n) => n ?? 1),
  stream: maybe(z.boolean()).transform((stream) => stream ?? false),
  stream_options: z.strictObject({ include_usage: maybe(z.boolean()), include_obfuscation: z.unknown().optional() }).nullish(),
  ...neutralFields,
};

const isObject = ({ value }: { value: unknown }): boolean => typeof value === "object" && value !== null && !Array.isArray(value); // beside other problems too
const hasText = (suffix: unknown): boolean => typeof suffix === "string" && suffix !== "";
const isEmpty = (prompt: unknown): boolean => prompt === "" || (Array.isArray(prompt) && prompt.includes(""));
const isText = (prompt: unknown): boolean => [prompt].flat(2).every((one) => typeof one === "string");

export const CompletionRequestSchema = z
  .strictObject({
    prompt: PromptsSchema.optional(),
    /** Our own: a text with holes, instead of prompt and suffix. */
    template: z
      .array(z.union([TextSchema, z.strictObject({ masks: z.int().positive() })], { error: "expected a text or { masks }" }))
      .min(1)
      .optional(),
    suffix: TextSchema.nullish(),
    max_tokens: maybe(z.int().positive()),
    echo: neutral([false]),
    best_of: neutral([1]),
    logprobs: neutral([0, false]).transform((value) => value === 0),
    ...openAiSampling,
  })
  .refine(({ prompt, template }) => (prompt === undefined) !== (template === undefined), {
    path: ["prompt"],
    error: "give either this or template",
    when: isObject,
  })
  .refine(({ prompt, suffix }) => !isEmpty(prompt) || hasText(suffix), { path: ["prompt"], error: NOT_EMPTY, when: isObject })
  .refine(({ prompt, suffix }) => !hasText(suffix) || isText(prompt), { path: ["prompt"], error: "must be text where there is a suffix" })
  .refine(({ logprobs, suffix, template }) => !logprobs || !(hasText(suffix) || template !== undefined), {
    path: ["logprobs"],
    error: "are not given for holes",
  });

export const ChatCompletionRequestSchema = z
  .strictObject({
    messages: MessagesSchema,
    max_tokens: maybe(z.int().positive()),
    max_completion_tokens: maybe(z.int().positive()),
    logprobs: maybe(z.boolean()).transform((logprobs) => logprobs ?? false),
    top_logprobs: neutral([0]),
    tools: maybe(ToolsSchema),
    tool_choice: maybe(ToolChoiceSchema),
    ...openAiSampling,
  })
  .superRefine(refineTools(["function", "strict"]))
  .refine(
    (request) =>
      request.max_tokens === undefined || request.max_completion_tokens === undefined || request.max_tokens === request.max_completion_tokens,
    {
      path: ["max_tokens"],
      error: "give this or max_completion_tokens, not both",
    },
  );

const MAX_PIECES = 64;

const TemplateSchema = z
  .array(
    z.union([TextSchema, z.strictObject({ masks: z.int().positive().max(4096) })], { error: 'expected a text or a hole, such as { "masks": 8 }' }),
  )
  .min(1, NOT_EMPTY)
  .max(MAX_PIECES);

/** Our own endpoint: one generation, or the holes of a text, in the order in which tokens are revealed. */
export const DenoiseRequestSchema = z
  .strictObject({
    prompt: maybe(PromptSchema),
    messages: maybe(MessagesSchema),
    template: maybe(TemplateSchema),
    provisional: maybe(z.boolean()),
    ...sampling,
  })
  .superRefine(({ prompt, messages, template }, context) => {
    const given = (messages === undefined ? 0 : 1) + (prompt === undefined && template === undefined ? 0 : 1);
    if (given !== 1)
      context.addIssue({ code: "custom", path: ["prompt"], message: "give a prompt, messages or a template; a template may have a prompt" });
  });

export type CompletionRequest = z.output<typeof CompletionRequestSchema>;
export type DenoiseRequest = z.output<typeof DenoiseRequestSchema>;
export type ChatCompletionRequest = z.output<typeof ChatCompletionRequestSchema>;

/**
 * Reads a JSON body and checks it.
 *
 * @throws {ApiError} 415 for a body of another type (which also keeps plain HTML forms of other sites out), encoding or compression; 400 if it is not
 *   JSON
 * @throws {ConfigError} with every problem, if it does not fit
 */
export async function parseBody<S extends z.ZodType>(schema: S, request: Request): Promise<Readonly<z.output<S>>> {
  requireJson(request.headers);
  const text = decode(await request.arrayBuffer());
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new ApiError({ status: 400, message: "The request body is not valid JSON.", code: "invalid_json" });
  }
  return parseConfig(schema, data, { source: "request" });
}

function requireJson(headers: Headers): void {
  const refuse = (message: string): never => {
    throw new ApiError({ status: 415, message, code: "unsupported_media_type" });
  };
  const [mediaType = "", ...parameters] = (headers.get("content-type") ?? "").split(";").map((part) => part.trim().toLowerCase());
  if (mediaType !== "application/json") refuse("The content type must be application/json.");
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.replaceAll(/^charset=|"/g, "");
  if (charset !== undefined && !["utf-8", "utf8"].includes(charset)) refuse("The request body must be in UTF-8, as JSON is.");
  if (!["", "identity"].includes(headers.get("content-encoding") ?? "")) refuse("The request body must not be compressed.");
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError({ status: 400, message: "The request body is not valid UTF-8.", code: "invalid_json" });
  }
}
