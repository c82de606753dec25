import { show } from "./errors.ts";

/**
 * The settings that differ, one phrase each: `"seed was 0, is 1"`. Values are compared as JSON, so an undefined key counts as absent.
 *
 * @param before what was written down
 * @param now what is asked for
 */
export function changedSettings(before: object, now: object): string[] {
  const [then, today] = [leaves(before), leaves(now)];
  const keys = [...new Set([...then.keys(), ...today.keys()])];
  return keys.flatMap((key) => {
    const [a, b] = [then.get(key), today.get(key)];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (a === undefined) return [`${key} was not set, is ${show(b)}`];
    return [b === undefined ? `${key} was ${show(a)}, is not set` : `${key} was ${show(a)}, is ${show(b)}`];
  });
}

function leaves(value: object, path: readonly string[] = []): Map<string, unknown> {
  return new Map(
    Object.entries(JSON.parse(JSON.stringify(value)) as object).flatMap(([key, inner]: [string, unknown]): [string, unknown][] =>
      hasLeaves(inner) ? [...leaves(inner, [...path, key])] : [[[...path, key].join("."), inner]],
    ),
  );
}

/** A list of plain values is one value; one of objects has their settings. */
function hasLeaves(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value) ? value.some((one) => typeof one === "object" && one !== null) : Object.keys(value).length > 0;
}
