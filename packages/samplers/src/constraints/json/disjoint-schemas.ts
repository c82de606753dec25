// Whether no value is valid for two schemas at once, as far as types, constants and a required property with constants tell.
import { resolved, type SchemaContext, type SchemaObject } from "./schema-context.ts";

export function areDisjoint(one: unknown, other: unknown, context: SchemaContext): boolean {
  const [a, b] = [factsOf(one, context), factsOf(other, context)];
  if (a.types !== undefined && b.types !== undefined && a.types.every((type) => !b.types!.includes(type))) return true;
  if (a.values !== undefined && b.values !== undefined) return a.values.every((value) => !b.values!.includes(value));
  const objectsOnly = [a, b].every(({ types }) => types?.length === 1 && types[0] === "object");
  return objectsOnly && [...a.required].some(([name, schema]) => b.required.has(name) && areDisjoint(schema, b.required.get(name), context));
}

interface Facts {
  /** Of values; an integer is a number. */
  types: readonly string[] | undefined;
  /** As JSON; `undefined` where some are lists or objects too, which can be written in several ways. */
  values: readonly string[] | undefined;
  /** Schemas of the properties that an object must have. */
  required: ReadonlyMap<string, unknown>;
}

function factsOf(given: unknown, context: SchemaContext, depth = 0): Facts {
  const nothing: Facts = { types: undefined, values: undefined, required: new Map() };
  if (typeof given !== "object" || given === null || depth > 100) return nothing;
  const schema = given as SchemaObject;
  if (schema["$ref"] !== undefined) return factsOf(resolved(schema["$ref"], context), context, depth + 1);
  const values = (schema["enum"] ?? (schema["const"] === undefined ? undefined : [schema["const"]])) as readonly unknown[] | undefined;
  const named =
    schema["type"] === undefined
      ? values?.map((value) => typeOf(value))
      : [schema["type"]].flat().map((type) => (type === "integer" ? "number" : String(type)));
  const { properties = {}, required = [] } = schema as { properties?: SchemaObject; required?: readonly string[] };
  return {
    types: named,
    values: values?.some((value) => typeof value === "object" && value !== null) === true ? undefined : values?.map((value) => JSON.stringify(value)),
    required: new Map(required.filter((name) => Object.hasOwn(properties, name)).map((name) => [name, properties[name]])),
  };
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
