// The one schema of how masks are decoded, composed from the decoders' own.
import { z } from "zod";
import { type CacheOptions, CacheOptionsSchema } from "./cache/options.ts";
import { type ConstraintOptions, ConstraintOptionsSchema } from "./constraints/named-constraint.ts";
import { DECODER_NAMES, type DecoderName, DECODERS, namedDecoder, readsOption } from "./decoders/registry.ts";

type OptionsOf<Name extends DecoderName> = NonNullable<Parameters<(typeof DECODERS)[Name]["make"]>[0]>;
type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void ? All : never;
type EveryOption = Intersection<{ [Name in DecoderName]: Required<OptionsOf<Name>> }[DecoderName]>;
/** The options of every decoder, none of them required. */
type DecoderOptions = { [Option in keyof EveryOption]?: EveryOption[Option] | undefined };

/** How masks are decoded: an algorithm and its options. What is not given is the model's default, or else the decoder's. */
export interface DecodingOptions extends DecoderOptions {
  /** Which positions are committed first, and how many at a time: a name of `DECODERS`. @default the model's, or "entropy" */
  alg?: DecoderName | undefined;
  /** Keys and values kept from pass to pass. @default none, every pass is exact */
  cache?: CacheOptions | undefined;
  /** What the text must keep to, in whatever order its tokens are revealed: `"python"`, or `{ kind: "python", indentation: 4 }`. @default nothing */
  constraint?: ConstraintOptions | undefined;
  /** The same seed gives the same text. @default 0 */
  seed?: number | undefined;
}

/** Options that a model's generation config can bring. */
export const MODEL_OPTIONS = [
  "steps",
  "temperature",
  "topP",
  "topK",
  "algTemp",
  "eps",
  "blockLength",
  "stepsPerBlock",
  "subBlockLength",
  "threshold",
] as const;

/** Names of more decoders than this say nothing in a help text. */
const MOST_READERS = 4;

type Schema<T> = z.ZodOptional<z.ZodType<T, T>>;
type DecoderShape = { [Option in keyof DecoderOptions]-?: Schema<Exclude<DecoderOptions[Option], undefined>> };

/** Of a command or a request, where more is a slip of the pen. */
const requestTemperature = z.number().min(0).max(2).optional().describe("of the tokens, to 2; 0 is greedy");

/** How masks are decoded, for every command, recipe and request. An option that `alg` does not read is an error of `decodingProblems`. */
export const DecodingOptionsSchema = z.strictObject({
  alg: z
    .enum(DECODER_NAMES)
    .optional()
    .describe(`which positions are committed first, and how many at a time: ${DECODER_NAMES.join(", ")}`),
  ...composedShape(),
  temperature: requestTemperature,
  cache: CacheOptionsSchema.optional().describe("keys and values kept from pass to pass: prefix, dual, delayed or block-causal"),
  constraint: ConstraintOptionsSchema.optional().describe("what the text must keep to: python, regex, json_schema or json_object"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same text"),
}) satisfies z.ZodType<unknown, DecodingOptions>;

/** Names of the decoders that read an option. */
export function readersOf(option: string): DecoderName[] {
  return DECODER_NAMES.filter((name) => readsOption(name, option));
}

function composedShape(): DecoderShape {
  const names = new Set(DECODER_NAMES.flatMap((name) => Object.keys(DECODERS[name].options.shape)));
  return Object.fromEntries(Array.from(names, (option) => [option, composed(option)])) as DecoderShape;
}

/** An option of all the decoders that have it: optional, its description with what they say of it. */
function composed(option: string): z.ZodOptional {
  const readers = readersOf(option);
  const schemas = readers.map((name) => withoutDefault(namedDecoder(name).options.shape[option] as z.ZodType));
  const [{ schema, value } = { schema: z.never(), value: undefined }] = schemas;
  const isOne = schemas.every((other) => other.value === value);
  const notes = [
    ...(readers.length <= MOST_READERS ? [`of ${readers.join(", ")}`] : []),
    ...(isOne && value !== undefined && !(MODEL_OPTIONS as readonly string[]).includes(option) ? [`default: ${String(value)}`] : []),
  ];
  return schema.optional().describe(`${schema.description ?? option}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`);
}

/** What a decoder's option is held to, and its default. */
export function withoutDefault(schema: z.ZodType): { schema: z.ZodType; value: unknown } {
  if (schema instanceof z.ZodOptional) return withoutDefault(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodDefault) return { schema: schema.unwrap() as z.ZodType, value: schema.def.defaultValue };
  return { schema, value: undefined };
}
