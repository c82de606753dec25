// The decoding options as fields of a request, in snake_case like the rest of OpenAI's interface: `block_length`, and `refresh_steps`
// inside `cache`.
import { type DecodingOptions, DecodingOptionsSchema, type GenerateOptions } from "diffucoder";
import { z } from "zod";
import { maybe } from "./maybe.ts";
import { snakeCase } from "./snake-case.ts";
import { constraintFields, constraintOf } from "./constraint-fields.ts";

type Snake<Name extends string> = Name extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Rest>}`
  : "";

// `temperature`, `top_p` and `seed` are OpenAI's own fields.
const { temperature: _temperature, topP: _topP, seed: _seed, cache, constraint: _constraint, ...shape } = DecodingOptionsSchema.shape;
const options = {
  ...shape,
  steps: z.int().positive().max(4096),
  cache: z.discriminatedUnion("kind", withSnakeKeys(cache.unwrap().options)).transform(withCamelKeys),
  // With indentation, a pass over a large vocabulary takes seconds, during which nobody else is served.
  constraint: z.literal("python"),
};

type Fields = { [Option in keyof typeof options as Snake<Option>]: z.ZodType<DecodingOptions[Option & keyof DecodingOptions]> };

const PinnedSchema = z
  .array(
    z.strictObject({
      position: z.int().nonnegative(),
      text: z.string().min(1).optional(),
      token_ids: z.array(z.int().nonnegative()).min(1).optional(),
    }),
  )
  .max(1024)
  .nullish()
  .transform((all) => all?.map(({ token_ids: tokenIds, ...rest }) => ({ ...rest, tokenIds })));

/** Fields for every decoding option but OpenAI's own; null counts as not given. */
export const decodingFields = {
  ...(Object.fromEntries<z.ZodType>(Object.entries(options).map(([name, schema]) => [snakeCase(name), maybe(schema)])) as Fields),
  ...constraintFields,
  pinned: PinnedSchema,
};

/**
 * The decoding options of a request, under the packages' names, and the tokens that it gives; holes take none.
 *
 * @throws {ConfigError} if it asks for more than one constraint
 */
export function decodingOptions(request: Readonly<Record<string, unknown>>): DecodingOptions & Pick<GenerateOptions, "pinned"> {
  const { constraint: _, ...given } = Object.fromEntries(
    [...Object.keys(options), "pinned"].flatMap((name) => (request[snakeCase(name)] === undefined ? [] : [[name, request[snakeCase(name)]]])),
  );
  const constraint = constraintOf(request);
  return { ...given, ...(constraint !== undefined && { constraint }) };
}

/** The same objects with the keys of a request. */
function withSnakeKeys(kinds: readonly z.ZodObject[]): [z.ZodObject, ...z.ZodObject[]] {
  const renamed = kinds.map(({ shape }) =>
    z.strictObject(Object.fromEntries(Object.entries(shape).map(([key, schema]) => [snakeCase(key), schema]))),
  );
  return renamed as [z.ZodObject, ...z.ZodObject[]];
}

function withCamelKeys(value: Readonly<Record<string, unknown>>): unknown {
  const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelCase(key), inner]));
}
