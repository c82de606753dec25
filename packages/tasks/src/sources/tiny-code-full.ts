import { InvalidArgumentError } from "@diffucoder/core";
import { setHash } from "../task-set.ts";
import { fullTinyCodeTasks, fullTinyCodeTasksById } from "../tiny-code/full/tasks.ts";
import type { TaskSource } from "./source.ts";

/** TinyCode in full: every family, made on demand, as many tasks as requested. */
export const tinyCodeFull: TaskSource = {
  options: ["split", "families", "tiers", "phrasing", "styles", "tasks", "seed"],
  load: async ({ split, families, tiers, phrasing, styles, tasks: count = 200, seed = 0 }, { use, accepts, ids }) => {
    const part = split ?? (use === "training" ? "train" : "test");
    if (use === "training" && part !== "train") {
      throw new InvalidArgumentError({ argument: "split", value: part, expected: '"train" for training: the other parts are held out' });
    }
    const options = { families, tiers, phrasing, styles, seed, split: part, count, accepts: accepts && pythonOnly(accepts) };
    const tasks = ids === undefined ? fullTinyCodeTasks(options) : fullTinyCodeTasksById(ids, options);
    const common = { name: "tinycode-full", title: `TinyCode in full, ${part}`, version: `seed ${seed}`, leftOut: [], template: "chat" } as const;
    return { ...common, tasks, sha256: setHash(tasks), isMade: true };
  },
};

type Accepts = NonNullable<Parameters<TaskSource["load"]>[1]["accepts"]>;

const pythonOnly =
  (accepts: Accepts): Parameters<typeof fullTinyCodeTasks>[0]["accepts"] =>
  (task) =>
    accepts({ ...task, language: "python" });
