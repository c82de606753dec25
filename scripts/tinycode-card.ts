// Computes the data card of TinyCode in full and writes it: every count and every check in it comes from here.
//   tinycode-card [docs/tinycode-card.md]
import { writeFileAtomic } from "@diffucoder/core";
import { benchmarkGrams, defaultFolders, FAMILY_NAMES, familyFigures, GRAM_WORDS, nearMissFigures, textFigures } from "@diffucoder/tasks";

const [output = "docs/tinycode-card.md"] = process.argv.slice(2);
const NEAR_MISS_PROGRAMS = 40;

const seconds = (): number => process.cpuUsage().user / 1e6;
const start = seconds();
const figures = FAMILY_NAMES.map(familyFigures);
const placing = seconds() - start;
const distinct = figures.filter(({ family }) => !family.endsWith("-ahead"));
const sum = (of: (one: (typeof figures)[number]) => number): number => distinct.reduce((total, one) => total + of(one), 0);
const misses = FAMILY_NAMES.map((name) => nearMissFigures(name, { programs: NEAR_MISS_PROGRAMS }));
const compared = misses.reduce((total, one) => total + one.compared, 0);
const passed = misses.reduce((total, one) => total + one.passed, 0);
const beforeTexts = seconds();
const grams = await benchmarkGrams(["humaneval", "mbpp"], { folders: defaultFolders() });
const texts = textFigures(FAMILY_NAMES, grams);
const writing = seconds() - beforeTexts;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
const parts = ["train", "dev", "test-recomb", "test-pair", "test-const", "test-depth", "test-phrase"] as const;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
const rows = figures.map(({ family, programs, splits, skeletons, rarest, sha256 }, i) =>
  row([
    `\`${family}\``,
    programs,
    ...parts.map((part) => splits[part]),
    skeletons,
    rarest,
    percent(misses[i]!.passed, misses[i]!.compared),
    `\`${sha256}\``,
  ]),
);
const heads = ["family", "programs", ...parts, "skeletons", "rarest", "near misses that pass", "sha256"];

writeFileAtomic(
  output,
  `# Data card: TinyCode in full

**${sum(({ programs }) => programs)} distinct programs**: no two with the same parameters give the same answers to all probes. With the twins of the
\`-back\` families, which have the same programs in another order, there are ${figures.reduce((total, { programs }) => total + programs, 0)} tasks, each in four styles and many wordings.
What the families are, and how to draw from them, is in [the package's README](../packages/tasks/README.md#tinycode-in-full).

${row(heads)}
${row(heads.map((_, i) => (i === 0 ? "---" : "---:")))}
${rows.join("\n")}
${row(["**all**", sum(({ programs }) => programs), ...parts.map((part) => sum(({ splits }) => splits[part])), sum(({ skeletons }) => skeletons), "", percent(passed, compared), ""])}

"All" counts a program once, without the \`-ahead\` twins. \`rarest\` is the number of training skeletons that have the family's rarest operation. A
near miss differs from a program in one choice and answers some probe differently; ${compared} of them, of ${NEAR_MISS_PROGRAMS} programs a family,
were run on the 8 visible tests. \`sha256\` begins the hash of the family's programs with their parts.

## Checks

| check | result |
| --- | --- |
| programs with the same answers to all probes, in any two parts | 0: of such programs the first is kept, the easier before the harder (53-bit hashes) |
| tasks whose prompt a task of another part has | ${texts.sharedPrompts} |
| tasks whose program, in one style and with the same names, a task of another part has | ${texts.sharedPrograms} |
| tasks with ${GRAM_WORDS} words in a row of a prompt or solution of HumanEval or MBPP | ${texts.overlaps} |
| answers of the solutions in CPython | a test runs some programs of every family in every style |

Texts were written once for each task, as \`fullTinyCodeTasks\` writes them for seed 0. Placing all programs took ${placing.toFixed(0)} s of one
processor, writing and comparing the texts ${writing.toFixed(0)} s.

## Parts

The unit of hold-out is the skeleton: the family and the names of the operations without their constants. SHA-256 of the skeleton, modulo 100, below 80
is training, below 90 \`dev\`, below 96 \`test-recomb\`, the rest \`test-phrase\`, which is asked in held-out sentences and synonyms. Skeletons with one of
the 4 % of pairs of neighbouring operations that are held out of every family are \`test-pair\`; those of \`test-recomb\` and \`test-phrase\` with another
pair that their family's training part lacks are \`dev\`. 5 % of the programs with constants of training skeletons are \`test-const\`. Pipelines of four
operations are \`test-depth\`. A skeleton of one operation is always training.

## Tests

Each task has 8 tests that rewards may use and 16 for evaluation alone, on different inputs, chosen one by one: each is the input that tells the most of
the remaining near misses from the task. Expected values are computed by an interpreter in TypeScript with Python's rounding and remainders.

## Origin and licence

The tasks are made by this project's code, from no other data; Apache-2.0, as the project. They are small programs on small inputs, in plain and
formulaic English: a model that solves them has learned these operations and their combinations, and nothing is known of other code.

This page is written by \`npx turbo run build && node scripts/dist/tinycode-card.js && npx oxfmt docs/tinycode-card.md\`.
`,
);
