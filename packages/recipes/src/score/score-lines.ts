// The lines of `diffucoder score`: tasks as docs/task-format.md has them, each with an answer as `completion` or `code`.
import { type LeftOut, readTaskLines, type TaskLine } from "@diffucoder/tasks";

/** Reads a file's lines; what cannot be used, and every further line of an id, is left out and does not stop the rest. */
export function readScoreLines(file: Uint8Array): {
  /** Lines with an answer. */
  lines: TaskLine[];
  /** The others, in the order of the file, and why. */
  leftOut: LeftOut[];
} {
  const { lines, leftOut } = readTaskLines(file);
  const isScorable = ({ completion, code }: TaskLine): boolean => (completion === undefined) !== (code === undefined);
  const without = lines.filter((line) => !isScorable(line)).map(({ line }) => ({ where: `line ${line}`, reason: "give either completion or code" }));
  return { lines: lines.filter(isScorable), leftOut: [...leftOut, ...without].toSorted((a, b) => numberOf(a) - numberOf(b)) };
}

const numberOf = ({ where }: LeftOut): number => Number(where.slice("line ".length));
