/** How many settings a sentence names. */
const NAMED = 5;

/**
 * Which settings of two runs differ, each with both values: `training.learningRate was 0.002, is 1`.
 *
 * @param before plain JSON, as `now`
 */
export function differingSettings(before: unknown, now: unknown): string {
  const [old, current] = [leaves(before), leaves(now)];
  const names = [...new Set([...old.keys(), ...current.keys()])].filter((name) => old.get(name) !== current.get(name));
  const said = names.slice(0, NAMED).map((name) => `${name} was ${old.get(name) ?? "absent"}, is ${current.get(name) ?? "absent"}`);
  return [...said, ...(names.length > NAMED ? [`and ${names.length - NAMED} more`] : [])].join("; ");
}

/** Each value that is no object, as JSON, under its path. */
function leaves(value: unknown, path: readonly string[] = []): Map<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map([[path.join("."), JSON.stringify(value)]]);
  return new Map(Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [...leaves(inner, [...path, key])])));
}
