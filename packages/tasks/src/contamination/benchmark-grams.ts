import type { BenchmarkName } from "../benchmarks/catalogue.ts";
import type { DataFolders } from "../dataset-file.ts";
import { loadTasks } from "../load-tasks.ts";
import { frameOf, type Task } from "../task.ts";
import { WordGrams } from "./word-grams.ts";

/**
 * The prompts and solutions of benchmarks, to find what training data has of them.
 *
 * @throws {UnavailableError} if a benchmark's file is not found and cannot be downloaded
 */
export async function benchmarkGrams(
  benchmarks: readonly BenchmarkName[],
  {
    folders,
    grams = new WordGrams(),
  }: {
    /** Where they lie. */
    folders: DataFolders;
    /** Where they are added. @default new ones */
    grams?: WordGrams;
  },
): Promise<WordGrams> {
  for (const dataset of benchmarks) {
    const { tasks } = await loadTasks({ dataset, use: "evaluation", folders });
    for (const task of tasks) grams.add(task.id, textOf(task));
  }
  return grams;
}

/** Everything of a task that a model could have learned by heart. */
function textOf(task: Task): string {
  const { prefix, suffix } = frameOf(task);
  const { prompt } = task;
  const asked = prompt.kind === "text" ? prompt.text : prompt.kind === "messages" ? prompt.messages.map(({ content }) => content).join("\n") : prefix;
  return `${asked}\n${task.solution ?? ""}\n${suffix}`;
}
