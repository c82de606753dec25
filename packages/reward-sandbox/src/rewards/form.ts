// The form of an answer, as in Apple's rewards.py (`code_format_reward`, `extract_code`): text without fences, one block
// ```` ```python ````, nothing after its closing line.
// Differs: 1. in `strict` mode an empty block is not an answer, and code that Python parses but does not compile (`return 1` outside
// a function) counts as code that does not parse; `compat` pays both in full, as the reference does.

import { checkLanguage, checkText } from "../check-arguments.ts";
import type { Language } from "../jobs.ts";

/** `strict` pays only for what could be an answer; `compat` does exactly as the reference. */
export type RewardMode = "strict" | "compat";

const FENCE = "```";

/** What opens a block in a language. Python has only the reference's name. */
const OPENINGS: Readonly<Record<Language, readonly string[]>> = {
  python: ["```python\n"],
  javascript: ["```javascript\n", "```js\n"],
  typescript: ["```typescript\n", "```ts\n"],
};

/** Whether the text is one block of the language, with no fence before it and nothing after its closing line. */
export function isWellFormed(completion: string, language: Language = "python"): boolean {
  const start = completion.indexOf(FENCE);
  const opening = OPENINGS[language].find((fence) => completion.startsWith(fence, start));
  if (start === -1 || opening === undefined) return false;
  const end = completion.indexOf(FENCE, start + opening.length);
  return end !== -1 && end + FENCE.length + 1 === completion.length && completion.endsWith("\n");
}

/**
 * The code of the first block in a language: for Python one that begins with ```` ```python ````, as in the reference.
 *
 * @param completion what a model wrote
 * @param language the language of the block. @default "python"
 * @returns empty if there is none, or it is never closed
 * @throws {InvalidArgumentError} if the completion is not text, or the language unknown
 */
export function extractCode(completion: string, language: Language = "python"): string {
  checkText("completion", completion);
  checkLanguage("language", language);
  const starts = OPENINGS[language].map((opening) => [completion.indexOf(opening), opening.length] as const).filter(([at]) => at !== -1);
  const [start, length] = starts.toSorted(([a], [b]) => a - b)[0] ?? [-1, 0];
  const end = start === -1 ? -1 : completion.indexOf(FENCE, start + length);
  return end === -1 ? "" : completion.slice(start + length, end);
}

interface FormOptions {
  completion: string;
  language: Language | undefined;
  parses: boolean;
  compiles: boolean;
  mode: RewardMode;
}

/** 1 for code in the right form, 0.5 if that code does not compile, 0 for any other form. */
export function formOf({ completion, language, parses, compiles, mode }: FormOptions): number {
  if (!isWellFormed(completion, language)) return 0;
  if (mode === "strict" && extractCode(completion, language).trim() === "") return 0;
  return parses && (compiles || mode === "compat") ? 1 : 0.5;
}
