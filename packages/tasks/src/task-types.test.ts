// The types of tasks, their lines and how they are selected. `pnpm typecheck` is what fails.
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { TaskSelectionSchema } from "./selection-schema.ts";
import type { TaskSelection } from "./sources/source.ts";
import type { readTaskLine, TaskLine } from "./task-line.ts";
import type { Task, TaskPrompt, TrainableTask } from "./task.ts";

describe("the types of tasks", () => {
  it("of a line: what is read, or why it cannot be; only a prompt may be absent from its task", () => {
    expectTypeOf<typeof readTaskLine>().returns.toEqualTypeOf<TaskLine | string>();
    expectTypeOf<keyof TaskLine["task"]>().toEqualTypeOf<keyof Task>();
    expectTypeOf<TaskLine["task"]["prompt"]>().toEqualTypeOf<TaskPrompt | undefined>();
    expectTypeOf<TaskLine["task"]["id"]>().toEqualTypeOf<string>();
    expectTypeOf<TaskLine["task"]>().not.toExtend<Task>();
  });

  it("of prompts: their kind says what they hold", () => {
    expectTypeOf<Extract<TaskPrompt, { kind: "hole" }>>().toEqualTypeOf<{
      readonly kind: "hole";
      readonly prefix: string;
      readonly suffix: string;
    }>();
    expectTypeOf<{ kind: "code"; text: string }>().not.toExtend<TaskPrompt>();
  });

  it("of training: a task without visible tests is not trained on", () => {
    expectTypeOf<TrainableTask>().toExtend<Task>();
    expectTypeOf<Task>().not.toExtend<TrainableTask>();
  });

  it("of a selection: the interface and the schema are one, and nothing must be given", () => {
    expectTypeOf<keyof TaskSelection>().toEqualTypeOf<keyof z.input<typeof TaskSelectionSchema>>();
    expectTypeOf<z.output<typeof TaskSelectionSchema>>().toExtend<TaskSelection>();
    expectTypeOf<object>().toExtend<z.input<typeof TaskSelectionSchema>>();
    expectTypeOf<{ split: "holdout" }>().not.toExtend<TaskSelection>();
  });
});
