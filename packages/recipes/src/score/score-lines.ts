// The lines of `diffucoder score`: tasks in the form of docs/task-format.md, each with an answer as `completion` or `code`.
import { type LeftOut, readTaskLines, type TaskLine } from "@diffucoder/tasks";

/** Reads a file's lines; unusable lines and repeated ids are left out, and the rest is read. */
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
