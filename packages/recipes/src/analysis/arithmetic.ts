// Arithmetic in words, to compare code with: a model of code alone shows on it how it writes what it was not trained on, and no more.
import { createRandom } from "@diffucoder/core";

const OPERATIONS = [
  { ask: (a: number, b: number) => `What is ${a} plus ${b}?`, of: (a: number, b: number) => a + b },
  { ask: (a: number, b: number) => `What is ${a} minus ${b}?`, of: (a: number, b: number) => a - b },
  { ask: (a: number, b: number) => `What is ${a} times ${b}?`, of: (a: number, b: number) => a * b },
];

/** Tasks as JSON lines, in the form of docs/task-format.md. */
export function arithmeticLines({ tasks, seed }: { tasks: number; seed: number }): string {
  const random = createRandom(seed).split("arithmetic");
  const lines = Array.from({ length: tasks }, (_, i) => {
    const { ask, of } = OPERATIONS[i % OPERATIONS.length]!;
    const [a, b] = [random.integer(2, 100), random.integer(2, 100)];
    return { id: `arithmetic/${i}`, prompt: ask(a, b), stdin: "", stdout: String(of(a, b)) };
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}
