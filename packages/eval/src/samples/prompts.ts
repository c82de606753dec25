// Prompts of the paper's evaluation (DiffuCoder, section 4; the template of Qwen2.5-Coder's evaluation).
import type { Problem } from "../benchmarks/problem.ts";

/** One turn of a chat. */
export interface PromptMessage {
  /** Who says it. */
  readonly role: "system" | "user" | "assistant";
  /** What is said. */
  readonly content: string;
}

/** A prompt as a chat; a last turn of the assistant is the beginning of the answer that the model goes on with. */
export type PromptTemplateName = keyof typeof PROMPT_TEMPLATES;

const chat = (user: string, { language }: Problem): PromptMessage[] => [
  { role: "system", content: "You are a helpful assistant." },
  { role: "user", content: user },
  { role: "assistant", content: `Here is the code to solve this problem:\n\`\`\`${language}\n` },
];

/** Templates by name; every score names its own. */
export const PROMPT_TEMPLATES = {
  /** The code to complete, with the paper's sentence above it: HumanEval, BigCodeBench-Complete. */
  "diffucoder-complete": (problem: Problem) => chat(`Please complete the following problem:\n\`\`\`\n${problem.prompt.trim()}\n\`\`\`\n`, problem),
  /** The task in words: MBPP. */
  "diffucoder-instruct": (problem: Problem) => chat(`${(problem.instruction ?? problem.prompt).trim()}\n`, problem),
} satisfies Record<string, (problem: Problem) => PromptMessage[]>;

/** The template that the paper used for a task of this kind. */
export function paperTemplate({ instruction }: Problem): PromptTemplateName {
  return instruction === undefined ? "diffucoder-complete" : "diffucoder-instruct";
}
