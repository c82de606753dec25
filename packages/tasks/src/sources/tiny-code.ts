import { InvalidArgumentError } from "@diffucoder/core";
import { setHash } from "../task-set.ts";
import { tinyCodeTasks, tinyCodeTasksById } from "../tiny-code/tasks.ts";
import type { TaskSource } from "./source.ts";

/** TinyCode: made on demand, as many tasks as requested. */
export const tinyCode: TaskSource = {
  options: ["split", "tiers", "tasks", "seed"],
  load: async ({ split, tiers = { 2: 2, 3: 3 }, tasks: count = 200, seed = 0 }, { use, accepts, ids }) => {
    const part = split ?? (use === "training" ? "train" : "test");
    if (part !== "train" && part !== "dev" && part !== "test") {
      throw new InvalidArgumentError({
        argument: "split",
        value: part,
        expected: '"train", "dev" or "test" for tinycode; tinycode-full has the others',
      });
    }
    if (use === "training" && part !== "train") {
      throw new InvalidArgumentError({ argument: "split", value: part, expected: '"train" for training: the other splits are held out' });
    }
    const tasks =
      ids === undefined
        ? tinyCodeTasks({ tiers, split: part, count, seed, accepts: accepts && ((task) => accepts({ ...task, language: "python" })) })
        : tinyCodeTasksById(ids, { seed });
    const common = { name: "tinycode", title: `TinyCode, ${part}`, version: `seed ${seed}`, leftOut: [], template: "chat" } as const;
    return { ...common, tasks, sha256: setHash(tasks), isMade: true };
  },
};
