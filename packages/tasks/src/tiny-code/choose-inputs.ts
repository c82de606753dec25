/**
 * The inputs that tell a program best from its near misses, best first: each is the one that catches the most of those which the earlier ones missed
 * and, among equals, whose answer was asked for least often, so that no constant passes.
 *
 * @param outputs the program's answers, one for each input
 * @param caught for each near miss, whether each input tells it from the program
 * @returns positions of the inputs
 */
export function chooseInputs(outputs: readonly string[], caught: readonly (readonly boolean[])[], count: number): number[] {
  let alive = caught;
  const left = new Set(outputs.keys());
  const chosen: number[] = [];
  const answers = new Map<string, number>();
  while (chosen.length < count) {
    let best = -1;
    let bestScore = -Infinity;
    for (const i of left) {
      const score = alive.filter((one) => one[i]).length - (answers.get(outputs[i]!) ?? 0) / 100;
      if (score > bestScore) [best, bestScore] = [i, score];
    }
    left.delete(best);
    chosen.push(best);
    answers.set(outputs[best]!, (answers.get(outputs[best]!) ?? 0) + 1);
    alive = alive.filter((one) => !one[best]);
  }
  return chosen;
}
