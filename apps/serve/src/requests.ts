import { z } from "zod";
import { ApiError } from "./api-error.ts";

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

/** Seeds are limited so that the seeds of further choices, `seed + 1` and so on, are whole numbers too. -1 asks for a new one, as with other servers. */
const SeedSchema = z
  .int()
  .min(-1)
  .max(2 ** 52)
  .transform((seed) => (seed === -1 ? undefined : seed));

const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().gt(0).max(1).optional(),
  seed: SeedSchema.optional(),
};

const openAiSampling = {
  ...sampling,
  model: z.string().optional(),
  stop: z
    .union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(4)], {
      error: "expected a string or up to four strings, none of them empty",
    })
    .nullish(),
  n: z.int().min(1).max(8).default(1),
  stream: z.boolean().default(false),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  user: z.string().optional(),
};

export const CompletionRequestSchema = z.strictObject({
  prompt: PromptSchema,
  suffix: z.string().nullish(),
  max_tokens: z.int().positive().optional(),
  ...openAiSampling,
});

export const ChatCompletionRequestSchema = z
  .strictObject({
    messages: MessagesSchema,
    max_tokens: z.int().positive().optional(),
    max_completion_tokens: z.int().positive().optional(),
    ...openAiSampling,
  })
  .refine((request) => request.max_tokens === undefined || request.max_completion_tokens === undefined, {
    path: ["max_tokens"],
    error: "give this or max_completion_tokens, not both",
  });

/** Our own: one generation as the order in which it is revealed. */
export const DenoiseRequestSchema = z.strictObject({
  prompt: PromptSchema,
  steps: z.int().positive().max(4096).optional(),
  alg: z.string().max(64).optional(),
  threshold: z.number().gt(0).max(1).optional(),
  ...sampling,
});

export type CompletionRequest = z.output<typeof CompletionRequestSchema>;
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
  const first = problems[0] as Problem;
  throw new ApiError({ status: 400, message: problems.map((problem) => problem.message).join("; "), param: first.param, code: first.code });
}

interface Problem {
  message: string;
  param: string | null;
  code: string;
}

function describeIssue(issue: z.core.$ZodIssue): Problem {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => (path === "" ? key : `${path}.${key}`));
    return { message: `Unrecognized or unsupported parameter: ${keys.join(", ")}`, param: keys[0] ?? null, code: "unknown_parameter" };
  }
  return { message: path === "" ? issue.message : `${path}: ${issue.message}`, param: path === "" ? null : path, code: "invalid_value" };
}
