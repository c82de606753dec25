import { z } from "zod";
import type { CompletionJob, JobDefaults } from "./completions.ts";
import { decodingOptions } from "./decoding-fields.ts";
import { neutral } from "./neutral-fields.ts";
import { maybe } from "./maybe.ts";
import { ContentSchema, openAiSampling, TextSchema } from "./requests.ts";

/** A message of the conversation; `id` and `status` come back with our own answers. */
const ItemSchema = z
  .strictObject({
    type: z.literal("message").optional(),
    role: z.enum(["system", "developer", "user", "assistant"]),
    content: ContentSchema,
    id: z.string().nullish(),
    status: z.string().nullish(),
    phase: z.unknown().optional(),
  })
  .transform(({ role, content }) => ({ role: role === "developer" ? ("system" as const) : role, content }));

const {
  n: _n,
  stop: _stop,
  stream_options: _options,
  response_format: _format,
  ...sampling
} = openAiSampling as typeof openAiSampling & { response_format?: unknown };

/** `POST /v1/responses`: text in, text out. Nothing is stored, so a conversation is sent whole. */
export const ResponsesRequestSchema = z.strictObject({
  input: z.union([TextSchema.min(1, "must not be empty"), z.array(ItemSchema).min(1).max(64)], { error: "expected a text or a list of messages" }),
  instructions: maybe(TextSchema),
  max_output_tokens: maybe(z.int().positive()),
  previous_response_id: neutral([]),
  conversation: neutral([]),
  prompt: neutral([]),
  background: neutral([false]),
  include: neutral([[]]),
  reasoning: neutral([{}]),
  text: neutral([{}, { format: { type: "text" } }]),
  tools: neutral([[]]),
  tool_choice: neutral(["none", "auto"]),
  top_logprobs: neutral([0]),
  truncation: neutral(["disabled"]),
  max_tool_calls: neutral([]),
  stream_options: neutral([{}, { include_obfuscation: false }]),
  ...sampling,
  metadata: z.record(z.string(), z.string()).nullish(),
});

export type ResponsesRequest = z.output<typeof ResponsesRequestSchema>;

export function responsesJob(request: ResponsesRequest, { randomSeed, maxTokens = Infinity }: JobDefaults): CompletionJob {
  const { input, instructions, max_output_tokens: asked = Infinity, temperature, top_p: topP, seed = randomSeed } = request;
  const conversation = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
  const messages = instructions === undefined ? conversation : [{ role: "system" as const, content: instructions }, ...conversation];
  const most = Math.min(asked, maxTokens);
  return {
    inputs: [{ messages }],
    maxTokens: most === Infinity ? undefined : most,
    temperature,
    topP,
    decoding: decodingOptions(request),
    seed,
    stops: [],
    choices: 1,
    logprobs: false,
  };
}
