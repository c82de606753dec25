// What lists, dicts and texts have in common: looping, counting, looking into them.
import { string } from "./call.ts";
import { Text } from "./text.ts";
import { Dict, isEqual, isNumber, type List, numberOf, TemplateError, text, typeName, type Value } from "./values.ts";

/** What a loop over a value gives. */
export function listOf(value: Value): List {
  if (Array.isArray(value)) return value;
  if (value instanceof Text) return value.characters();
  if (value instanceof Dict) return value.items().map(([key]) => key);
  if (value === undefined) return [];
  throw new TemplateError(`${typeName(value)} cannot be looped over`);
}

export function sizeOf(value: Value): number {
  if (value instanceof Text) return value.size;
  if (value instanceof Dict) return value.size;
  if (Array.isArray(value)) return value.length;
  if (value === undefined) return 0;
  throw new TemplateError(`${typeName(value)} has no length`);
}

/** A dotted path, as `attribute=` takes it. */
export function pathOf(value: Value, path: Value): Value {
  if (isNumber(path)) return Array.isArray(value) ? value[numberOf(path)] : undefined;
  return string(path)
    .value.split(".")
    .reduce((one: Value, name) => (one instanceof Dict ? one.get(text(name)) : Array.isArray(one) ? one[Number(name)] : undefined), value);
}

/** Python's `in`. */
export function isIn(value: Value, container: Value): boolean {
  if (container instanceof Text) return container.value.includes(string(value).value);
  if (container instanceof Dict) return container.has(value);
  return listOf(container).some((one) => isEqual(one, value));
}

/** About how much work it is to go through a value. */
export function sizeHint(value: Value): number {
  return value instanceof Text || Array.isArray(value) ? value.length : value instanceof Dict ? value.size : 1;
}
