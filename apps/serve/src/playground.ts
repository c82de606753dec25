// What the page may say of a model: what it was made for, and tasks with tests that it could be asked.
import { exampleStream, type TinyCodeTask, tinyCodeTasks } from "@diffucoder/tasks";
import type { Engine } from "./engine.ts";

/** Tasks with tests, and words: what a model that was made for TinyCode was trained on. */
export interface Knowledge {
  /** Of the test split; each fits the model. */
  tasks: readonly TinyCodeTask[];
  /** Words of the requests in training, in lower case. */
  words: readonly string[];
}

const TASKS = 60;
const EXAMPLES = 2000;
const SEED = 1;

/** @returns nothing for a model that does not say what it was made for: it is not ours */
export function knowledgeOf(engine: Pick<Engine, "prepare" | "generationConfig">): Knowledge {
  if (engine.generationConfig.scope === undefined) return { tasks: [], words: [] };
  const tasks = tinyCodeTasks({ tiers: { 2: 2, 3: 1 }, split: "test", count: TASKS, seed: SEED, accepts: (task) => fits(engine, task.prompt.text) });
  const example = exampleStream({ tiers: { 1: 1, 2: 1, 3: 1 }, seed: SEED });
  const words = new Set<string>();
  for (let i = 0; i < EXAMPLES; i++)
    for (const word of example(i)
      .prompt.toLowerCase()
      .match(/[a-z_]+/g) ?? [])
      words.add(word);
  return { tasks, words: [...words].toSorted() };
}

function fits(engine: Pick<Engine, "prepare">, prompt: string): boolean {
  try {
    engine.prepare({ prompt });
    return true;
  } catch {
    return false;
  }
}
