// The keys of a zod schema, read off its definition: for error messages and for showing a configuration.
import type { z } from "zod";

/** One value that a configuration can hold. */
export interface SchemaKey {
  /** From the top, e.g. `["optimizer", "learningRate"]`. */
  path: readonly string[];
  /** What `.describe()` says. */
  meaning: string | undefined;
  default: unknown;
  isRequired: boolean;
}

/** What the walk reads of a zod schema's `def`; which fields there are depends on `type`. */
interface Definition {
  type: string;
  shape?: Readonly<Record<string, z.ZodType>>;
  innerType?: z.ZodType;
  in?: z.ZodType;
  options?: readonly z.ZodType[];
  element?: z.ZodType;
  defaultValue?: unknown;
}

/** A schema without its wrappers, and what those say. */
interface Unwrapped {
  definition: Definition;
  meaning: string | undefined;
  default: unknown;
  isOptional: boolean;
}

/** Every value that a schema of an object describes, in its order. Objects are walked into; records and arrays are values. */
export function schemaKeys(schema: z.ZodType, path: readonly string[] = [], outerDefault?: unknown, isOptional = false): SchemaKey[] {
  const found = unwrap(schema);
  const value = outerDefault ?? found.default;
  const objects = shapesOf(found.definition);
  const mayMiss = isOptional || found.isOptional || value !== undefined;
  if (objects.length === 0) return [{ path, meaning: found.meaning, default: value, isRequired: !mayMiss }];
  const entries = new Map(objects.toReversed().flatMap((shape) => Object.entries(shape)));
  const names = [...new Set(objects.flatMap((shape) => Object.keys(shape)))];
  const isOneOfSeveral = objects.length > 1;
  return names.flatMap((name) => {
    const inner = entries.get(name) as z.ZodType;
    const keys = schemaKeys(inner, [...path, name], property(value, name), (mayMiss && value === undefined) || isOneOfSeveral);
    // A union's discriminator takes the union's description.
    const tellsApart = isOneOfSeveral && unwrap(inner).definition.type === "literal";
    return tellsApart ? keys.map((key) => ({ ...key, meaning: found.meaning ?? key.meaning })) : keys;
  });
}

/** Names that are known inside the object at a path; none if there is no object. */
export function namesAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [first, ...rest] = path;
  const { definition } = unwrap(schema);
  if (definition.element !== undefined && first !== undefined) return namesAt(definition.element, rest);
  const shapes = shapesOf(definition);
  if (first === undefined) return [...new Set(shapes.flatMap((shape) => Object.keys(shape)))];
  return [...new Set(shapes.flatMap((shape) => (Object.hasOwn(shape, first) ? namesAt(shape[first as string] as z.ZodType, rest) : [])))];
}

function unwrap(schema: z.ZodType): Unwrapped {
  const definition = schema.def as unknown as Definition;
  const inner = definition.innerType ?? (definition.type === "pipe" ? definition.in : undefined);
  if (inner === undefined) return { definition, meaning: schema.description, default: undefined, isOptional: false };
  const found = unwrap(inner);
  const isDefault = definition.type === "default" || definition.type === "prefault";
  return {
    definition: found.definition,
    meaning: schema.description ?? found.meaning,
    default: isDefault ? definition.defaultValue : found.default,
    isOptional: found.isOptional || definition.type === "optional",
  };
}

/** The object, or the objects of a union. */
function shapesOf({ type, shape, options = [] }: Definition): Readonly<Record<string, z.ZodType>>[] {
  if (type === "object" && shape !== undefined) return [shape];
  return options.flatMap((option) => shapesOf(unwrap(option).definition));
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
