// Fields of OpenAI's interface that this server does not act on. A value that asks for nothing is accepted, since clients send it; any other is
// refused by name, since leaving it out would change the answer in silence.
import { show } from "@diffucoder/core";
import { z } from "zod";

/** Values of fields that change no answer, whatever they are: they are for whoever runs a service. */
const UNREAD = [
  "store",
  "metadata",
  "service_tier",
  "user",
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "parallel_tool_calls",
];

/** Values that ask for nothing, besides null. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  frequency_penalty: [0],
  presence_penalty: [0],
  repetition_penalty: [1],
  min_p: [0],
  logit_bias: [{}],
  functions: [[]],
  function_call: ["none", "auto"],
  modalities: [["text"]],
  audio: [],
  prediction: [],
  reasoning_effort: ["none"],
  verbosity: ["medium"],
  web_search_options: [],
};

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A field that may hold one of `values`, or null. */
export function neutral(values: readonly unknown[]): z.ZodOptional<z.ZodType> {
  const wanted =
    values.length === 0
      ? "left out: it is not supported"
      : `${values.map((value) => JSON.stringify(value)).join(" or ")}, or left out: nothing else is supported`;
  const schema = z.unknown().superRefine((value, context) => {
    if (value === undefined || value === null || values.some((one) => same(one, value))) return;
    context.addIssue({ code: "custom", message: `must be ${wanted}, got ${show(value)}` });
  });
  return schema.optional();
}

/** The fields that every endpoint of OpenAI's has or that other servers take. */
export const neutralFields = {
  ...Object.fromEntries(UNREAD.map((name) => [name, z.unknown().optional()])),
  ...Object.fromEntries(Object.entries(NEUTRAL).map(([name, values]) => [name, neutral(values)])),
} as Record<string, z.ZodOptional<z.ZodType>>;
