import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { decodingFields, snakeCase } from "./decoding-fields.ts";

const TextPartSchema = z.strictObject({ type: z.literal("text"), text: z.string() });

const MessageSchema = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.union(
    [
      z.string(),
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
const PromptSchema = z
  .string({ error: (issue) => (issue.code === "invalid_type" ? "expected one string (lists and token ids are not supported)" : undefined) })
  .min(1);

/**
 * Seeds are limited so that the seeds of further choices, `seed + 1` and so on, are whole numbers too. -1 asks for a new one, as with other servers.
 */
const SeedSchema = z
  .int()
  .min(-1)
  .max(2 ** 52)
  .transform((seed) => (seed === -1 ? undefined : seed));

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
    .union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(4)], {
      error: "expected a string or up to four strings, none of them empty",
    })
    .nullish(),
  n: maybe(z.int().min(1).max(8)).transform((n) => n ?? 1),
  stream: maybe(z.boolean()).transform((stream) => stream ?? false),
  stream_options: z.strictObject({ include_usage: maybe(z.boolean()) }).nullish(),
  user: maybe(z.string()),
};

export const CompletionRequestSchema = z.strictObject({
  prompt: PromptSchema,
  suffix: z.string().nullish(),
  max_tokens: maybe(z.int().positive()),
  ...openAiSampling,
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

/** Our own endpoint: one generation, in the order in which it is revealed. */
export const DenoiseRequestSchema = z.strictObject({
  prompt: PromptSchema,
  ...sampling,
});

export type CompletionRequest = z.output<typeof CompletionRequestSchema>;
export type DenoiseRequest = z.output<typeof DenoiseRequestSchema>;
export type ChatCompletionRequest = z.output<typeof ChatCompletionRequestSchema>;

/**
 * Reads a JSON body and checks it.
 *
 * @throws {ApiError} 415 without a JSON content type (which also keeps plain HTML forms of other sites out); 400
 *   if the body is not JSON or does not fit, with every problem in the message and the first one's `param` and `code`
 */
export async function parseBody<S extends z.ZodType>(schema: S, request: Request): Promise<z.output<S>> {
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") {
    throw new ApiError({ status: 415, message: "The content type must be application/json.", code: "unsupported_media_type" });
  }
  const text = await request.text();
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new ApiError({ status: 400, message: "The request body is not valid JSON.", code: "invalid_json" });
  }
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const problems = result.error.issues.map(describeIssue);
  const first = problems[0]!;
  throw new ApiError({ status: 400, message: problems.map((problem) => problem.message).join("; "), param: first.param, code: first.code });
}

interface Problem {
  message: string;
  param: string | null;
  code: string;
}

function describeIssue(issue: z.core.$ZodIssue): Problem {
  const path = issue.path.map((key) => (typeof key === "string" ? snakeCase(key) : String(key))).join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map(snakeCase).map((key) => (path === "" ? key : `${path}.${key}`));
    return { message: `Unrecognized or unsupported parameter: ${keys.join(", ")}`, param: keys[0] ?? null, code: "unknown_parameter" };
  }
  return { message: path === "" ? issue.message : `${path}: ${issue.message}`, param: path === "" ? null : path, code: "invalid_value" };
}
