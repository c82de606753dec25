// The form of an answer, as in Apple's rewards.py (`code_format_reward`, `extract_code`): text without fences, one block
// ```` ```python ````, nothing behind its closing line.
// Differs: 1. in `strict` mode an empty block is no answer, and code that Python parses but does not compile (`return 1` outside
// of a function) has the form of code that does not parse; `compat` pays both in full, as the reference does.

/** `strict` pays only for what could be an answer; `compat` is the reference to the letter. */
export type RewardMode = "strict" | "compat";

const WELL_FORMED = /^(?:(?!```)[\s\S])*```python\n(?:(?!```)[\s\S])*```\n$/;

export function isWellFormed(completion: string): boolean {
  return WELL_FORMED.test(completion);
}

/** The first ```` ```python ```` block; empty if there is none. */
export function extractCode(completion: string): string {
  return /```python\n([\s\S]*?)```/.exec(completion)?.[1] ?? "";
}

/** 1 for code in the right form, 0.5 if that code is none that Python takes, 0 for another form. */
export function formOf({ completion, parses, compiles, mode }: { completion: string; parses: boolean; compiles: boolean; mode: RewardMode }): number {
  if (!isWellFormed(completion)) return 0;
  if (mode === "strict" && extractCode(completion).trim() === "") return 0;
  return parses && (compiles || mode === "compat") ? 1 : 0.5;
}
