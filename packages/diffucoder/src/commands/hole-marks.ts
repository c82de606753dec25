// Marks in a text where code is missing: <|hole|>, or <|hole:12|> for 12 masks.
import { ConfigError } from "@diffucoder/core";
import type { TextSegment } from "@diffucoder/engine";

const MARK = /(<\|hole(?::[1-9]\d{0,4})?\|>)/;

/** What was probably meant as a mark: `<|hole: 3|>`, `<|holes|>`, `<|HOLE|>`, `<| hole`, `<|hoel|>`, `<hole|>`; `List<Hole>` is code. */
const NEARLY =
  /<\s*\|\s*(?:h\w?o\w?l\w?e|h\w{0,2}le|hoel|ohle|hol|hloe)\w*[^<>\n]{0,20}>?|<\s*hole\w*[^<>|\n]{0,20}\|\s*>?|[[({]\|\s*hole[^\n\])}]{0,20}\|[\])}]/giu;

/**
 * `"a<|hole:4|>b"` as `["a", { masks: 4 }, "b"]`. Everything but the marks stays unchanged.
 *
 * @param masks of a hole without its own number
 * @param source name of the text in errors
 * @throws {ConfigError} naming the line of every mark that is misspelt, or if there is no mark
 */
export function parseTemplate(text: string, { masks, source }: { masks: number; source: string }): TextSegment[] {
  const parts = text.split(MARK);
  const problems: string[] = [];
  let line = 1;
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0)
      for (const match of part.matchAll(NEARLY)) {
        const at = line + part.slice(0, match.index).split("\n").length - 1;
        problems.push(`line ${at}: ${JSON.stringify(match[0].trimEnd())} is not a hole; write <|hole|>, or <|hole:N|> for N masks`);
      }
    line += part.split("\n").length - 1;
  }
  if (parts.length === 1 && problems.length === 0) problems.push("there is no hole; put <|hole|>, or <|hole:N|> for N masks, where code is missing");
  if (problems.length > 0) throw new ConfigError({ source, problems });
  return parts.map((part, i) => (i % 2 === 0 ? part : { masks: Number(/\d+/.exec(part)?.[0] ?? masks) })).filter((part) => part !== "");
}
