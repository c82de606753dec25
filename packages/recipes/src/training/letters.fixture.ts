// What a training needs where random weights write no program: tasks, and a reward that tells completions apart.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a reward module that counts a completion's lower-case letters. @returns its path */
export function writeLettersReward(folder: string): string {
  const file = join(folder, "letters.mjs");
  writeFileSync(file, 'export default (samples) => samples.map(({ completion }) => completion.replace(/[^a-z]/g, "").length);');
  return file;
}

/** Writes tasks in JavaScript, one for each function to write. @returns their file */
export function writeTasks(folder: string, names: readonly string[]): string {
  const file = join(folder, "tasks.jsonl");
  const task = (name: string) => ({ id: name, prompt: name, language: "javascript", entry_point: name, tests: [[[1], 1]] });
  writeFileSync(file, names.map((name) => JSON.stringify(task(name))).join("\n"));
  return file;
}
