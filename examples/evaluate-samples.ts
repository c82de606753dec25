// Scores programs of a samples file: each line has a program and its tests, and gets a verdict per test from the sandbox.
import { createSandbox } from "@diffucoder/reward-sandbox";
import { readScoreLines, scoreLine } from "@diffucoder/recipes";

const lines = [
  {
    id: "right",
    entry_point: "f",
    code: "def f(xs):\n    return sum(xs)",
    tests: [
      [[[1, 2]], 3],
      [[[]], 0],
    ],
  },
  {
    id: "wrong",
    entry_point: "f",
    code: "def f(xs):\n    return max(xs)",
    tests: [
      [[[1, 2]], 3],
      [[[]], 0],
    ],
  },
];
const samples = lines.map((line) => `${JSON.stringify(line)}\n`).join("");

const sandbox = await createSandbox({ workers: 1 });
console.log(`Programs run under ${sandbox.isolation.level}`);
const { lines: read, leftOut } = readScoreLines(Buffer.from(samples));
for (const line of read) {
  const { id, reward, verdicts } = await scoreLine(line, { sandbox, signal: new AbortController().signal });
  console.log(`${JSON.parse(id)}: ${reward} (${verdicts.join(", ")})`);
}
console.log(`${leftOut.length} lines left out`);
sandbox.close();
