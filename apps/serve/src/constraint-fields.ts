// What an answer must keep to, as a request asks for it: OpenAI's `response_format`, and our own `regex` beside `constraint`.
import { ConfigError } from "@diffucoder/core";
import type { DecodingOptions } from "diffucoder";
import { z } from "zod";
import { maybe } from "./maybe.ts";
import { constraintOfTools, type ToolRequest } from "./tools.ts";

type ConstraintOptions = NonNullable<DecodingOptions["constraint"]>;

/** A JSON schema. */
export const SchemaSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())], { error: "must be a JSON schema" });

const ResponseFormatSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      schema: SchemaSchema,
      // A schema is kept to, strict or not, whatever it is called.
      name: z.string().optional(),
      description: z.string().nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

/** Fields of every request that generates text. */
export const constraintFields = {
  response_format: maybe(ResponseFormatSchema),
  regex: maybe(z.string()),
};

/** The fields of a request. */
export interface ConstraintRequest {
  response_format?: z.output<typeof ResponseFormatSchema> | undefined;
  regex?: string | undefined;
  constraint?: ConstraintOptions | undefined;
  tools?: ToolRequest["tools"];
  tool_choice?: ToolRequest["tool_choice"];
}

/**
 * The constraint that a request asks for; `undefined`: none.
 *
 * @throws {ConfigError} if it asks for more than one
 */
export function constraintOf({ response_format: format, regex, constraint, ...tooling }: ConstraintRequest): ConstraintOptions | undefined {
  const call = constraintOfTools(tooling);
  const asked = {
    ...(format !== undefined && format.type !== "text" && { response_format: ofFormat(format) }),
    ...(regex !== undefined && { regex: { kind: "regex" as const, pattern: regex } }),
    ...(constraint !== undefined && { constraint }),
    ...(call !== undefined && { tool_choice: call }),
  };
  const [first, second] = Object.keys(asked);
  if (second !== undefined)
    throw new ConfigError({ source: "request", problems: [`${second}: cannot be combined with ${first}; an answer keeps to one of them`] });
  return Object.values(asked)[0];
}

function ofFormat(format: Exclude<z.output<typeof ResponseFormatSchema>, { type: "text" }>): ConstraintOptions {
  return format.type === "json_object" ? "json_object" : { kind: "json_schema", schema: format.json_schema.schema };
}
