import { transform } from "sucrase";

/** Longest program whose types are stripped, characters: it is parsed in this process. */
const LONGEST = 200_000;

/** A TypeScript program as JavaScript, without looking at its types; undefined if it does not parse. */
export function stripTypes(code: string): string | undefined {
  if (code.length > LONGEST) return undefined;
  try {
    return transform(code, { transforms: ["typescript"], disableESTransforms: true, keepUnusedImports: true }).code;
  } catch {
    return undefined;
  }
}
