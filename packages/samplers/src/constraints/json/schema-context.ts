// Where in a JSON schema one is, for references and errors.
import { InvalidArgumentError, show } from "@diffucoder/core";

export type SchemaObject = Readonly<Record<string, unknown>>;

export interface SchemaContext {
  /** What references start at. */
  root: unknown;
  /** What the schema is called in errors. */
  argument: string;
  path: readonly (string | number)[];
  /** Those that led here. */
  references: readonly string[];
  /** Schemas that may still be visited. */
  visits: { left: number };
}

/** @throws {InvalidArgumentError} */
export function refuse({ argument, path, root }: SchemaContext, problem: string): never {
  const value = path.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? (at as SchemaObject)[key] : undefined), root);
  const where = [argument, ...path].join(".");
  throw new InvalidArgumentError({
    argument,
    value: root,
    expected: "a JSON schema that is supported",
    message: `${where}: ${problem}${value === undefined || path.length === 0 ? "" : `, got ${show(value)}`}.`,
  });
}

/** The schema that a reference points to, by a JSON pointer into the root. @throws {InvalidArgumentError} if there is none */
export function resolved(reference: unknown, context: SchemaContext): unknown {
  const at = { ...context, path: [...context.path, "$ref"] };
  if (typeof reference !== "string" || !/^#(\/|$)/.test(reference))
    return refuse(at, 'only references inside the schema are supported, such as "#/$defs/name"');
  let found: unknown = context.root;
  for (const key of reference.split("/").slice(1)) {
    const name = decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, name)
        ? (found as SchemaObject)[name]
        : refuse(at, "there is nothing at this place");
  }
  return found;
}

/** The types that a schema names; `undefined`: any. @throws {InvalidArgumentError} if one is none */
export function typesOf({ type }: SchemaObject, known: readonly string[], context: SchemaContext): readonly string[] | undefined {
  if (type === undefined) return undefined;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (types.every((one): one is string => known.includes(one as string))) return types;
  return refuse({ ...context, path: [...context.path, "type"] }, `it must be one or a list of ${known.join(", ")}`);
}
