// A JSON schema (draft 2020-12, and `definitions` of earlier ones) as the texts of its values. Each value has few texts: properties are
// written in the order of the schema, numbers with up to 15 digits, whitespace as json-text.ts has it. So every text is valid, but not every
// valid text is written. What cannot be kept to is refused by its name and path.
import { choice, NOTHING, type Regular } from "../regular/regular.ts";
import { parseRegex } from "../regular/parse-regex.ts";
import { integersBetween, LARGEST } from "./integer-range.ts";
import {
  anyArray,
  anyObject,
  anyValue,
  arrayOf,
  BOOLEAN,
  INTEGER,
  mapOf,
  type Member,
  memberOf,
  NULL,
  NUMBER,
  objectOf,
  stringLike,
  stringOf,
  valueText,
} from "./json-text.ts";
import { areDisjoint } from "./disjoint-schemas.ts";
import { refuse, resolved, type SchemaContext, type SchemaObject, typesOf } from "./schema-context.ts";

/** How deep values nest that the schema says nothing of, and how often a schema may stand inside itself. */
const [ANY_DEPTH, MOST_RECURSION] = [2, 3];
/** Largest bound of items and characters. */
const MOST = 10_000;
/** Schemas that are visited, those inside of references each time. */
const MOST_VISITS = 5_000;

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = [
  "title",
  "description",
  "default",
  "examples",
  "$schema",
  "$id",
  "$comment",
  "$anchor",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$defs",
  "definitions",
];
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ["minLength", "maxLength", "pattern"],
  integer: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  number: [],
  array: ["items", "prefixItems", "minItems", "maxItems"],
  object: ["properties", "required", "additionalProperties"],
  boolean: [],
  null: [],
};
const TYPES = Object.keys(KEYWORDS);

/**
 * The texts of the values that are valid.
 *
 * @param argument what the schema is called in errors
 * @throws {InvalidArgumentError} naming the keyword that is not supported or not right, and its path; or if no value is valid
 */
export function jsonSchemaTexts(schema: unknown, argument: string): Regular {
  const context: SchemaContext = { root: schema, argument, path: [], references: [], visits: { left: MOST_VISITS } };
  const texts = textsOf(schema, context);
  if (texts === NOTHING) refuse(context, "no value is valid");
  return texts;
}

function textsOf(schema: unknown, context: SchemaContext): Regular {
  if (context.visits.left-- <= 0) refuse(context, `the schema stands for more than ${MOST_VISITS} of its parts`);
  if (schema === true) return anyValue(ANY_DEPTH);
  if (schema === false) return NOTHING;
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return refuse(context, "a schema is an object, true or false");
  const given = schema as SchemaObject;
  if (given.$ref !== undefined) return ofReference(given, context);
  for (const keyword of ["anyOf", "oneOf", "allOf"] as const) if (given[keyword] !== undefined) return ofBranches(keyword, given, context);
  return ofTypes(given, context);
}

function ofReference(schema: SchemaObject, context: SchemaContext): Regular {
  checkKeywords(schema, ["$ref"], context);
  const target = resolved(schema.$ref, context);
  const name = String(schema.$ref);
  if (context.references.filter((one) => one === name).length > MOST_RECURSION) return NOTHING;
  return textsOf(target, { ...context, path: [...context.path, "$ref"], references: [...context.references, name] });
}

function ofBranches(keyword: "anyOf" | "oneOf" | "allOf", schema: SchemaObject, context: SchemaContext): Regular {
  checkKeywords(schema, [keyword], context);
  const branches: unknown = schema[keyword];
  const inside = (i: number): SchemaContext => ({ ...context, path: [...context.path, keyword, i] });
  if (!Array.isArray(branches) || branches.length === 0)
    return refuse({ ...context, path: [...context.path, keyword] }, "it must be a list of schemas");
  if (keyword === "allOf" && branches.length > 1)
    refuse({ ...context, path: [...context.path, keyword] }, "more than one schema at a time is not supported");
  const texts = branches.map((branch: unknown, i) => textsOf(branch, inside(i)));
  if (keyword === "oneOf")
    branches.forEach((one: unknown, i) =>
      branches.slice(0, i).forEach((other: unknown, j) => {
        if (texts[i] !== NOTHING && texts[j] !== NOTHING && !areDisjoint(one, other, context))
          refuse(
            { ...context, path: [...context.path, keyword] },
            `a value may be valid for both of ${j} and ${i}; use anyOf, or tell them apart by a property with const`,
          );
      }),
    );
  return choice(texts);
}

function ofTypes(schema: SchemaObject, context: SchemaContext): Regular {
  const types = typesOf(schema, TYPES, context);
  if (schema.const !== undefined || schema.enum !== undefined) return ofValues(schema, types, context);
  if (types === undefined) {
    checkKeywords(schema, ["type"], context, "without a type");
    return anyValue(ANY_DEPTH);
  }
  checkKeywords(schema, ["type", ...types.flatMap((type) => KEYWORDS[type]!)], context);
  return choice(types.map((type) => ofType(type, schema, context)));
}

function ofValues(schema: SchemaObject, types: readonly string[] | undefined, context: SchemaContext): Regular {
  checkKeywords(schema, ["type", "const", "enum"], context);
  const values: unknown = schema.enum ?? [schema.const];
  if (!Array.isArray(values)) return refuse({ ...context, path: [...context.path, "enum"] }, "it must be a list of values");
  const constant = schema.const === undefined ? undefined : JSON.stringify(schema.const);
  const kept = values.filter(
    (value) => (types?.some((type) => isOfType(value, type)) ?? true) && (constant ?? JSON.stringify(value)) === JSON.stringify(value),
  );
  return choice(kept.map((value) => valueText(value)));
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "null") return value === null;
  return typeof value === type && value !== null && !Array.isArray(value);
}

function ofType(type: string, schema: SchemaObject, context: SchemaContext): Regular {
  switch (type) {
    case "string":
      return ofString(schema, context);
    case "integer":
      return ofInteger(schema, context);
    case "number":
      if (KEYWORDS["integer"]!.some((keyword) => schema[keyword] !== undefined))
        refuse(context, "bounds of a number are supported for type integer alone");
      return NUMBER;
    case "array":
      return ofArray(schema, context);
    case "object":
      return ofObject(schema, context);
    case "boolean":
      return BOOLEAN;
    default:
      return NULL;
  }
}

function ofString(schema: SchemaObject, context: SchemaContext): Regular {
  const [min, max] = bounds(schema, ["minLength", "maxLength"], context);
  if (schema.pattern === undefined) return min <= max ? stringOf({ min, max }) : NOTHING;
  const at = { ...context, path: [...context.path, "pattern"] };
  if (typeof schema.pattern !== "string") return refuse(at, "it must be a regular expression");
  if (min > 0 || max < Infinity) refuse(at, "it is not supported beside minLength or maxLength; put the length into the pattern");
  return stringLike(parseRegex(schema.pattern, { argument: [context.argument, ...at.path].join("."), anywhere: true }));
}

function ofInteger(schema: SchemaObject, context: SchemaContext): Regular {
  const of = (keyword: string): number | undefined => {
    const value = schema[keyword];
    if (value !== undefined && !Number.isFinite(value)) refuse({ ...context, path: [...context.path, keyword] }, "it must be a number");
    return value as number | undefined;
  };
  const lows = [of("minimum"), plus(of("exclusiveMinimum"), 1)].filter((one) => one !== undefined);
  const highs = [of("maximum"), plus(of("exclusiveMaximum"), -1)].filter((one) => one !== undefined);
  if (lows.length + highs.length === 0) return INTEGER;
  return integersBetween(Math.max(-LARGEST, ...lows), Math.min(LARGEST, ...highs));
}

/** The next integer above or below a bound that is excluded. */
function plus(bound: number | undefined, by: 1 | -1): number | undefined {
  return bound === undefined ? undefined : by === 1 ? Math.floor(bound) + 1 : Math.ceil(bound) - 1;
}

function ofArray(schema: SchemaObject, context: SchemaContext): Regular {
  const [min, max] = bounds(schema, ["minItems", "maxItems"], context);
  const { items, prefixItems = [] } = schema;
  if (min > max) return NOTHING;
  if (!Array.isArray(prefixItems)) return refuse({ ...context, path: [...context.path, "prefixItems"] }, "it must be a list of schemas");
  if (Array.isArray(items)) return refuse({ ...context, path: [...context.path, "items"] }, "a list of schemas is called prefixItems");
  if (items === undefined && prefixItems.length === 0 && min === 0 && max === Infinity) return anyArray(ANY_DEPTH);
  const first = prefixItems.slice(0, max).map((item: unknown, i) => textsOf(item, { ...context, path: [...context.path, "prefixItems", i] }));
  const item = items === undefined ? anyValue(ANY_DEPTH - 1) : textsOf(items, { ...context, path: [...context.path, "items"] });
  return arrayOf(first, { item, min: Math.max(0, min - first.length), max: max - first.length });
}

function ofObject(schema: SchemaObject, context: SchemaContext): Regular {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const at = (keyword: string, ...more: string[]): SchemaContext => ({ ...context, path: [...context.path, keyword, ...more] });
  if (typeof properties !== "object" || properties === null || Array.isArray(properties))
    return refuse(at("properties"), "it must be an object of schemas");
  if (!Array.isArray(required) || required.some((name) => typeof name !== "string")) return refuse(at("required"), "it must be a list of names");
  const names = [...new Set([...Object.keys(properties), ...(required as string[])])];
  const others = (): Regular => (additionalProperties === true ? anyValue(ANY_DEPTH - 1) : textsOf(additionalProperties, at("additionalProperties")));
  if (names.length === 0) {
    if (additionalProperties === false) return objectOf([]);
    return additionalProperties === true ? anyObject(ANY_DEPTH) : mapOf(others());
  }
  const members = names.map((name): Member => {
    const own = (properties as Record<string, unknown>)[name];
    const isOwn = Object.hasOwn(properties, name);
    return { text: memberOf(name, isOwn ? textsOf(own, at("properties", name)) : others()), required: required.includes(name) };
  });
  if (members.some(({ text, required: must }) => must && text === NOTHING)) return NOTHING;
  return objectOf(members.filter(({ text }) => text !== NOTHING));
}

function bounds(schema: SchemaObject, keywords: readonly [string, string], context: SchemaContext): [number, number] {
  const [min = 0, max = Infinity] = keywords.map((keyword) => {
    const value = schema[keyword];
    const isBound = Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MOST;
    if (value !== undefined && !isBound) refuse({ ...context, path: [...context.path, keyword] }, `it must be an integer from 0 to ${MOST}`);
    return value as number | undefined;
  });
  return [min, max];
}

function checkKeywords(schema: SchemaObject, read: readonly string[], context: SchemaContext, where?: string): void {
  const others = Object.keys(schema).filter((keyword) => !read.includes(keyword) && !ANNOTATIONS.includes(keyword));
  const [first] = others;
  if (first === undefined) return;
  const isKnown = Object.values(KEYWORDS).flat().includes(first) || ["type", "const", "enum", "anyOf", "oneOf", "allOf"].includes(first);
  const beside = where ?? `beside ${read.filter((keyword) => schema[keyword] !== undefined).join(" and ") || "what the schema says"}`;
  refuse({ ...context, path: [...context.path, first] }, `it is not supported${isKnown ? ` ${beside}` : ""}`);
}
