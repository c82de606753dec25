import {
  type Decoder,
  type DecodingOptions,
  DecodingOptionsSchema,
  dreamOnDecoder,
  type DreamOnOptions,
  isDecoderName,
  namedDecoder,
  type Span,
} from "@diffucoder/samplers";
import type { Tokenizer } from "@diffucoder/tokenizer";
import { z } from "zod";
import type { InfillReveal } from "../events.ts";
import { MAX_CANVAS } from "../folder/generation-config.ts";
import type { ModelFolder } from "../folder/model-folder.ts";
import { dataOf } from "./call-options.ts";
import { type Decoding, parseOptions, resolveDecoding } from "./resolve-decoding.ts";

/** A piece of a text: given, or a hole of `masks` masks. */
export type TextSegment = string | TextHole;

interface TextHole {
  /** Masks of the hole, tokens: its length, or with variable length how many it begins with. From 1 to 65,536. */
  masks: number;
}

/** A text with holes, and how they are filled. What is not given comes from the model's generation config. */
export interface InfillOptions extends DecodingOptions {
  /** Text before the hole. @default "" */
  prefix?: string | undefined;
  /** Text behind it. @default "" */
  suffix?: string | undefined;
  /** Masks of the hole, tokens: its length, or with variable length how many it begins with. @default 16 */
  masks?: number | undefined;
  /** The whole text in pieces, with one or more holes, instead of `prefix`, `masks` and `suffix`. */
  template?: readonly TextSegment[] | undefined;
  /** A request, put into the chat template as a user's: the text is then the answer to it. @default the text stands alone */
  prompt?: string | undefined;
  /** Whether holes keep their length, or grow and shrink after DreamOn. @default variable if the tokenizer has `<|expand|>` */
  length?: "fixed" | "variable" | undefined;
  /** With variable length: the most tokens of all holes together. @default 64, or as many as masks */
  maxNewTokens?: number | undefined;
  /** With variable length: how often a mask may become two. @default `maxNewTokens` */
  expandBudget?: number | undefined;
  /** Whether each reveal also tells what was proposed and not committed. @default false */
  provisional?: boolean | undefined;
  /** Stops between two forward passes. */
  signal?: AbortSignal | undefined;
  /** Called after every forward pass. */
  onStep?: ((event: InfillReveal) => void) | undefined;
}

const count = z.int().positive().max(MAX_CANVAS);

/** Texts are what they are: everything else of `InfillOptions` is checked by this. */
export const InfillSettingsSchema = z.strictObject({
  prefix: z.string().optional().describe("text before the hole"),
  suffix: z.string().optional().describe("text behind the hole"),
  masks: count.optional().describe("masks of the hole: its length, or with variable length how many it begins with"),
  template: z
    .array(z.union([z.string(), z.strictObject({ masks: count })], { error: "expected a text or { masks }" }))
    .optional()
    .describe("the text in pieces, with one or more holes"),
  prompt: z.string().optional().describe("a request to which the text is the answer"),
  length: z.enum(["fixed", "variable"]).optional().describe("whether holes keep their length, or grow and shrink after DreamOn"),
  maxNewTokens: count.optional().describe("with variable length: the most tokens of all holes together"),
  expandBudget: z.int().nonnegative().optional().describe("with variable length: how often a mask may become two"),
  provisional: z.boolean().default(false).describe("whether each reveal also tells what was proposed and not committed"),
  ...DecodingOptionsSchema.shape,
});

/** What an infilling runs with. */
export interface InfillSettings extends Omit<Decoding, "takesBack"> {
  /** Pieces without empty texts. */
  segments: readonly TextSegment[];
  /** A request to which the text is the answer; `undefined`: the text stands alone. */
  prompt: string | undefined;
  /** Tokens by which the holes can grow. */
  growth: number;
  /** Whether each reveal also tells what was proposed and not committed. */
  provisional: boolean;
}

const EXPAND = "<|expand|>";
const DREAM_ON_ALGORITHMS: readonly string[] = ["maskgit_plus", "topk_margin", "entropy"] satisfies DreamOnOptions["alg"][];
const NOT_OF_DREAM_ON = ["steps", "algTemp", "schedule", "eps", "constraint"];
const OF_DREAM_ON_ALONE = ["maxNewTokens", "expandBudget"] as const;
/** Masks of a hole that nothing is said of. */
export const DEFAULT_MASKS = 16;
const DEFAULT_MAX_NEW_TOKENS = 64;

/**
 * Fills in the model's defaults.
 *
 * @throws {ConfigError} naming every bad value
 */
export function resolveInfilling(call: InfillOptions, model: ModelFolder): InfillSettings {
  const source = "infill options";
  const options = dataOf(call, source);
  const expandTokenId = model.tokenizer.specialTokens.get(EXPAND);
  const { length = expandTokenId === undefined ? "fixed" : "variable", prompt, maxNewTokens } = options;
  const segments = segmentsOf(options);
  const masks = segments.reduce((total, segment) => total + (typeof segment === "string" ? 0 : segment.masks), 0);
  const isVariable = length === "variable";
  const more = [
    ...segmentProblems(options, segments),
    ...(isVariable ? variableProblems(options, { masks, expandTokenId }) : fixedProblems(options, model.defaults)),
  ];
  const given = parseOptions(InfillSettingsSchema, options, { source, model, tokens: masks, more });
  const [first = ""] = segments;
  const before = typeof first === "string" ? first : "";
  const spans = given.constraint === undefined ? [] : holeSpans(segments, model.tokenizer);
  const decoding = resolveDecoding(given, { model, tokens: masks, before, hole: true, spans });
  const settings = { ...decoding, segments, prompt, growth: 0, provisional: given.provisional };
  if (!isVariable) return settings;
  const most = maxNewTokens ?? Math.max(DEFAULT_MAX_NEW_TOKENS, masks);
  const decoder = variableDecoder(given, { decoding, model, maxNewTokens: most, expandTokenId: expandTokenId as number });
  return { ...settings, decoder, growth: most - masks };
}

/** Where the holes are, counted from the first. */
function holeSpans(segments: readonly TextSegment[], tokenizer: Tokenizer): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const segment of segments) {
    if (typeof segment === "object") spans.push({ start: at, length: segment.masks });
    if (spans.length > 0) at += typeof segment === "object" ? segment.masks : tokenizer.encode(segment).length;
  }
  return spans;
}

function variableDecoder(
  { topK, expandBudget }: z.output<typeof InfillSettingsSchema>,
  {
    decoding: { alg, temperature, topP },
    model,
    ...options
  }: { decoding: Decoding; model: ModelFolder; maxNewTokens: number; expandTokenId: number },
): Decoder {
  return dreamOnDecoder({
    ...options,
    expandBudget,
    eosTokenId: model.eosTokenId,
    vocabSize: model.config.vocabSize,
    alg: (DREAM_ON_ALGORITHMS.includes(alg) ? alg : "entropy") as DreamOnOptions["alg"],
    temperature,
    topP,
    topK,
  });
}

/** The pieces without empty texts, whichever way they were given. What is no piece is told by the schema. */
function segmentsOf({ prefix = "", suffix = "", masks = DEFAULT_MASKS, template = [prefix, { masks }, suffix] }: InfillOptions): TextSegment[] {
  const isSegment = (segment: unknown): boolean => typeof segment === "string" || (typeof segment === "object" && segment !== null);
  return Array.isArray(template) ? template.filter((segment) => segment !== "" && isSegment(segment)) : [];
}

function segmentProblems({ template, prefix, suffix, masks }: InfillOptions, segments: readonly TextSegment[]): string[] {
  const isHole = (segment: TextSegment | undefined): boolean => typeof segment === "object";
  if (template === undefined)
    return prefix === undefined && suffix === undefined ? ["prefix: give the text around the hole as prefix, suffix or both, or a template"] : [];
  const others = Object.entries({ prefix, suffix, masks }).filter(([, value]) => value !== undefined);
  const problems = others.map(([name]) => `${name}: cannot be combined with a template or a file, which is the whole text`);
  if (!segments.some(isHole)) problems.push("template: has no hole to fill; put { masks: N } between its texts");
  if (segments.some((segment, i) => isHole(segment) && isHole(segments[i + 1]))) problems.push("template: has two holes without text between them");
  return problems;
}

function fixedProblems(options: InfillOptions, { alg: own }: Pick<ModelFolder["defaults"], "alg">): string[] {
  const { alg = own } = options;
  if (isDecoderName(alg) && namedDecoder(alg).inBlocks === true)
    return [`alg: ${alg} fills blocks that do not see what follows them, and no holes of a text`];
  return OF_DREAM_ON_ALONE.filter((name) => options[name] !== undefined).map(
    (name) => `${name}: not used by holes of fixed length, which have as many tokens as masks`,
  );
}

function variableProblems(options: InfillOptions, { masks, expandTokenId }: { masks: number; expandTokenId: number | undefined }): string[] {
  const { alg, maxNewTokens = masks } = options;
  const problems = NOT_OF_DREAM_ON.filter((name) => options[name as keyof InfillOptions] !== undefined).map(
    (name) => `${name}: not used by holes of variable length`,
  );
  if (expandTokenId === undefined) problems.push(`length: must be "fixed" for a model whose tokenizer has no ${EXPAND}, got "variable"`);
  if (alg !== undefined && !DREAM_ON_ALGORITHMS.includes(alg))
    problems.push(`alg: must be ${DREAM_ON_ALGORITHMS.join(", ")} or absent for holes of variable length, got "${alg}"`);
  if (maxNewTokens < masks) problems.push(`maxNewTokens: must be at least ${masks}, the masks that the holes begin with, got ${maxNewTokens}`);
  return problems;
}
