// Whether a prompt is of the kind that the model was trained on, and tasks that are.

/** A task of the test split. */
export interface KnownTask {
  id: string;
  prompt: string;
}

export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z_]+/g) ?? [];
}

/** Words of a prompt that no request in training has, each once. */
export function unknownWords(prompt: string, known: ReadonlySet<string>): string[] {
  return [...new Set(wordsOf(prompt))].filter((word) => word.length > 2 && !known.has(word));
}

/** The other tasks that share the most words with a prompt, rare words above all; those in front first among equals. */
export function nearestTasks(prompt: string, tasks: readonly KnownTask[], count: number): KnownTask[] {
  const words = new Map(tasks.map((task) => [task, new Set(wordsOf(task.prompt))]));
  const asked = [...new Set(wordsOf(prompt))];
  const weights = asked.map((word) => {
    const holders = tasks.filter((task) => words.get(task)!.has(word)).length;
    return holders === 0 ? 0 : Math.log(tasks.length / holders);
  });
  const score = (task: KnownTask): number => asked.reduce((sum, word, i) => sum + (words.get(task)!.has(word) ? weights[i]! : 0), 0);
  const scored = tasks.filter((task) => task.prompt !== prompt.trim()).map((task) => ({ task, score: score(task) }));
  return scored
    .toSorted((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ task }) => task);
}
