// The one unit of training and evaluation. A source (a benchmark, TinyCode, a file of JSON lines) gives tasks; a reward is a function of a task's
// visible tests and a text, an evaluation one of its hidden tests and a text.
import type { ChatMessage } from "@diffucoder/tokenizer";
import type { Language } from "@diffucoder/reward-sandbox";
import type { Tests } from "./tests.ts";
import type { VisibleTests } from "./visible-tests.ts";

/** A program to write, and how it is judged. */
export interface Task {
  /** Unique in its set, e.g. `"HumanEval/0"`. */
  readonly id: string;
  /** What the model is given. */
  readonly prompt: TaskPrompt;
  /** The language of its programs. */
  readonly language: Language;
  /** The function that tests call. @default none: the tests need no function, or name it themselves */
  readonly entryPoint?: string | undefined;
  /** Tests that rewards may see. @default none: the task is for evaluation alone */
  readonly visible?: VisibleTests | undefined;
  /** Tests for evaluation alone. @default none: evaluation uses the visible ones */
  readonly hidden?: Tests | undefined;
  /** A right answer: a whole program, or for a prompt of code what goes into its hole. @default none */
  readonly solution?: string | undefined;
  /** Texts at which an answer ends. @default none */
  readonly stops?: readonly string[] | undefined;
  /** Anything else that its source knows about it, plain JSON. @default {} */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** What the model is given: a request in words, a conversation, code to continue, or code around a hole. */
export type TaskPrompt =
  | {
      /** A request in words. */
      readonly kind: "text";
      /** The request. */
      readonly text: string;
    }
  | {
      /** A conversation. */
      readonly kind: "messages";
      /** Its turns; the answer is the assistant's next one, or the rest of the last one if that is the assistant's. */
      readonly messages: readonly ChatMessage[];
    }
  | {
      /** Code to continue. */
      readonly kind: "code";
      /** The code; a program is this and the answer. */
      readonly prefix: string;
    }
  | {
      /** Code around a hole. */
      readonly kind: "hole";
      /** Code before the hole. */
      readonly prefix: string;
      /** Code after it. */
      readonly suffix: string;
    };

/** A task that rewards can be made of: one with visible tests. */
export type TrainableTask = Task & {
  /** Tests that rewards may see. */
  readonly visible: VisibleTests;
};

/** Tasks from one source. */
export interface TaskSet {
  /** What `loadTasks` finds it by: a source's name or a path. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Of the data, as its publishers number it. */
  readonly version: string;
  /** Identifies the data: SHA-256 of its file or, if they were made, of the tasks; hexadecimal. */
  readonly sha256: string;
  /** Its tasks. */
  readonly tasks: readonly Task[];
  /** What the source left out, e.g. a bad line. */
  readonly leftOut: readonly LeftOut[];
  /** Whether the tasks were made rather than read from a file. @default false */
  readonly isMade?: boolean | undefined;
  /** Name of the template for its prompts. @default the template of the paper for each kind of prompt */
  readonly template?: "chat" | undefined;
}

/** Something that is not used, and why. */
export interface LeftOut {
  /** `"line 7"` or a task. */
  readonly where: string;
  /** Why, for people. */
  readonly reason: string;
}

/** The code around an answer: a program is `prefix + answer + suffix`; empty where the answer is the whole program. */
export function frameOf({ prompt }: Pick<Task, "prompt">): {
  /** Code before the answer. */
  prefix: string;
  /** Code after it. */
  suffix: string;
} {
  if (prompt.kind === "hole") return { prefix: prompt.prefix, suffix: prompt.suffix };
  return { prefix: prompt.kind === "code" ? prompt.prefix : "", suffix: "" };
}

/** The program of a task's own solution. @returns undefined if it has none */
export function solutionProgram(task: Pick<Task, "prompt" | "solution">): string | undefined {
  const { prefix, suffix } = frameOf(task);
  return task.solution === undefined ? undefined : prefix + task.solution + suffix;
}

/** Whether rewards can be made of a task. */
export function isTrainable(task: Task): task is TrainableTask {
  return task.visible !== undefined;
}
