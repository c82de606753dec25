// What a worker sends is used only after it was checked: its form, its size and what it was made with.
import { isDeepStrictEqual } from "node:util";
import type { GroupScore } from "../training/task-rewards.ts";
import { readMessage, RewardResultSchema, RolloutResultSchema, type RunCard } from "./messages.ts";

interface ExpectedRollouts {
  rows: number;
  length: number;
  vocabSize: number;
  maskTokenId: number | undefined;
  weights: string;
  machine: RunCard["machine"];
}

/** Reads a worker's rollouts; whether they are those of the weights only a replay can say. */
export function checkRollouts(text: string, { rows, length, vocabSize, maskTokenId, weights, machine }: ExpectedRollouts) {
  const read = readMessage(RolloutResultSchema, text);
  if (read === undefined) return { problem: "its result has another form" };
  const { completionIds, forwardTokens } = read;
  if (read.weights !== weights) return { problem: "it sampled with other weights" };
  if (!isDeepStrictEqual(read.machine, machine))
    return { problem: `it is another kind of machine (${read.machine.build}, ${read.machine.processor})` };
  if (completionIds.length !== rows || completionIds.some((ids) => ids.length !== length)) return { problem: "its completions have another size" };
  if (completionIds.flat().some((id) => id >= vocabSize || id === maskTokenId)) return { problem: "its completions hold ids that cannot be sampled" };
  return { value: { completionIds, forwardTokens } };
}

/** Reads a worker's scores of `rows` completions, with the reward terms `names`. */
export function checkScores(
  text: string,
  { rows, names }: { rows: number; names: readonly string[] },
): { value: GroupScore[] } | { problem: string } {
  const scores = readMessage(RewardResultSchema, text)?.scores;
  const isFit =
    scores?.length === rows &&
    scores.every(({ terms }) =>
      isDeepStrictEqual(
        terms.map(({ name }) => name),
        names,
      ),
    );
  return isFit ? { value: scores } : { problem: "its rewards have another form" };
}
