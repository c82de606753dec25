import { FileError, InvalidArgumentError } from "@diffucoder/core";
import type { Benchmark } from "../benchmarks/benchmark.ts";
import { readDatasetFile } from "../dataset-file.ts";
import { firstTasks, type TaskSource } from "./source.ts";

/** A benchmark, from the first folder that has its file, or downloaded. */
export function benchmarkSource(name: string, { title, version, test, train }: Benchmark): TaskSource {
  return {
    options: ["split", "tasks"],
    load: async ({ split, tasks: count }, { use, folders }) => {
      const wanted = split ?? (use === "training" ? "train" : "test");
      const part = wanted === "train" ? train : wanted === "test" ? test : undefined;
      if (part === undefined) {
        throw new InvalidArgumentError({
          argument: "split",
          value: wanted,
          expected: train === undefined ? `"test" for ${name}` : `"train" or "test" for ${name}`,
          ...(train === undefined && { wayOut: "It has no tests that were published to be trained on." }),
        });
      }
      const { text, path } = await readDatasetFile(part.file, { folders });
      const tasks = part.read(text, path);
      const ids = new Set<string>();
      for (const { id } of tasks) {
        if (ids.has(id)) throw new FileError({ path, problem: `has the task ${id} twice` });
        ids.add(id);
      }
      const set = { name, title: wanted === "train" ? `${title}, train` : title, version, sha256: part.file.sha256, tasks, leftOut: [] };
      return firstTasks(set, count);
    },
  };
}
