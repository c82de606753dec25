import { nearestName } from "@diffucoder/core";

/** What is wrong with a name that is not among the known ones, with the nearest of them; nothing if it is. */
export function unknownName(name: string, { at, known }: { at: string; known: readonly string[] }): string[] {
  if (known.includes(name)) return [];
  const near = nearestName(name, known);
  return [`${at}: ${JSON.stringify(name)} is not one of ${known.join(", ")}${near === undefined ? "" : `. Did you mean ${near}?`}`];
}
