// How a task is put to a model: the paper's prompts (DiffuCoder, section 4; the template of Qwen2.5-Coder's evaluation), and the bare request.
import type { ChatMessage } from "@diffucoder/tokenizer";
import { frameOf, type Task } from "./task.ts";

/** Name of a template. */
export type PromptTemplateName = keyof typeof PROMPT_TEMPLATES;

/** The request in words; for code, the code. */
function requestOf(task: Task): string {
  return task.prompt.kind === "text" ? task.prompt.text : frameOf(task).prefix;
}

const begun = (user: string, { language }: Task): ChatMessage[] => [
  { role: "system", content: "You are a helpful assistant." },
  { role: "user", content: user },
  { role: "assistant", content: `Here is the code to solve this problem:\n\`\`\`${language}\n` },
];

/**
 * Templates by name; every score names its own. A final assistant turn is the beginning of the answer, which the model
 * continues. All of them take a conversation as it is.
 */
export const PROMPT_TEMPLATES = {
  /** The code to complete, with the paper's sentence above it: HumanEval, BigCodeBench-Complete. */
  "diffucoder-complete": (task: Task) => begun(`Please complete the following problem:\n\`\`\`\n${requestOf(task).trim()}\n\`\`\`\n`, task),
  /** The task in words, and the beginning of the answer: MBPP. */
  "diffucoder-instruct": (task: Task) => begun(`${requestOf(task).trim()}\n`, task),
  /** The request as a user's only message: TinyCode, your own tasks, and rollouts, where the form of the whole answer is rewarded. */
  chat: (task: Task): ChatMessage[] => [{ role: "user", content: requestOf(task) }],
} satisfies Record<string, (task: Task) => ChatMessage[]>;

/** The template that the paper used for a task of this kind. */
export function paperTemplate({ prompt }: Pick<Task, "prompt">): PromptTemplateName {
  return prompt.kind === "text" ? "diffucoder-instruct" : "diffucoder-complete";
}

/** A task as a conversation. @param template ignored if the prompt is already a conversation */
export function promptMessages(task: Task, template: PromptTemplateName): readonly ChatMessage[] {
  return task.prompt.kind === "messages" ? task.prompt.messages : PROMPT_TEMPLATES[template](task);
}
