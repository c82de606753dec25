import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { decodingFields } from "./decoding-fields.ts";

/** JSON can escape half of a surrogate pair, which is no character and has no tokens. */
const TextSchema = z.string().refine((text) => !/\p{Surrogate}/u.test(text), "has half of a surrogate pair, which is no character");

const TextPartSchema = z.strictObject({ type: z.literal("text"), text: TextSchema });

const MessageSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.union(
    [
      TextSchema,
      z
        .array(TextPartSchema)
        .min(1)
        .transform((parts) => parts.map((part) => part.text).join("")),
    ],
    {
      error: "expected a string or a list of text parts",
    },
  ),
  name: z.string().optional(),
});

const MessagesSchema = z.array(MessageSchema).min(1).max(64);
const ONE_STRING = "expected one string (lists and token ids are not supported)";
const NOT_EMPTY = "must not be empty";
const PromptSchema = z.string(ONE_STRING).min(1, NOT_EMPTY).pipe(TextSchema);

/**
 * Seeds are limited so that the seeds of further choices, `seed + 1` and so on, are whole numbers too. -1 asks for a new one, as with other servers.
 */
const SeedSchema = z
  .number()
  .refine((seed) => Number.isInteger(seed) && seed >= -1 && seed <= 2 ** 52, "expected a whole number from 0 to 2^52, or -1 for a new one")
  .transform((seed) => (seed === -1 ? undefined : seed));

const StopSchema = TextSchema.min(1).max(256);

/** OpenAI's interface accepts null for a field that is not given, and clients send it. */
const maybe = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);

const sampling = {
  temperature: maybe(z.number().min(0).max(2)),
  top_p: maybe(z.number().gt(0).max(1)),
  seed: maybe(SeedSchema),
  ...decodingFields,
};

const openAiSampling = {
  ...sampling,
  model: maybe(z.string()),
  stop: z
    .union([StopSchema, z.array(StopSchema).max(4)], {
      error: "expected a string or up to four, each of 1 to 256 characters",
    })
    .nullish(),
  n: maybe(z.int().min(1).max(8)).transform((n) => n ?? 1),
  stream: maybe(z.boolean()).transform((stream) => stream ?? false),
  stream_options: z.strictObject({ include_usage: maybe(z.boolean()) }).nullish(),
  user: maybe(z.string()),
};

export const CompletionRequestSchema = z
  .strictObject({
    prompt: z.string(ONE_STRING).pipe(TextSchema),
    suffix: TextSchema.nullish(),
    max_tokens: maybe(z.int().positive()),
    ...openAiSampling,
  })
  .refine(({ prompt, suffix }) => prompt !== "" || typeof suffix === "string", {
    path: ["prompt"],
    error: NOT_EMPTY,
    when: ({ value }) => typeof value === "object" && value !== null, // beside other problems too
  });

export const ChatCompletionRequestSchema = z
  .strictObject({
    messages: MessagesSchema,
    max_tokens: maybe(z.int().positive()),
    max_completion_tokens: maybe(z.int().positive()),
    ...openAiSampling,
  })
  .refine((request) => request.max_tokens === undefined || request.max_completion_tokens === undefined, {
    path: ["max_tokens"],
    error: "give this or max_completion_tokens, not both",
  });

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
