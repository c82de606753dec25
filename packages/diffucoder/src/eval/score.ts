// `diffucoder score`: programs with their own tests, one per line.
//   { "id", "completion" (Markdown with a fenced block) or "code", "entry_point",
//     "tests": [[[args...], expected], ...] or "asserts": ["assert ...", ...] }
import { z } from "zod";
import { fencedCode, printable } from "@diffucoder/eval";
import { type Sandbox, sameValue, type VerdictName } from "@diffucoder/reward-sandbox";

const Line = z
  .strictObject({
    id: z.union([z.string(), z.number()]),
    completion: z.string().optional(),
    code: z.string().optional(),
    entry_point: z.string().min(1).optional(),
    tests: z
      .array(z.tuple([z.array(z.json()), z.json()]))
      .min(1)
      .optional(),
    asserts: z.array(z.string()).min(1).optional(),
  })
  .refine(({ completion, code }) => (completion === undefined) !== (code === undefined), { error: "give either completion or code" })
  .refine(({ tests, asserts }) => (tests === undefined) !== (asserts === undefined), { error: "give either tests or asserts" })
  .refine(({ tests, entry_point }) => tests === undefined || entry_point !== undefined, { error: "tests need an entry_point" });

type ScoreLine = z.output<typeof Line>;

/** A program's verdicts. */
export interface ProgramReward {
  id: string | number;
  /** Share of tests passed; `null` if the sandbox could not run them: that is no 0. */
  reward: number | null;
  /** One per test. */
  verdicts: VerdictName[];
  /** What came out instead, or the name of an exception; one per test, empty for a pass. */
  details: string[];
  /** `"low"` where the tests are code and shared a process with the program. */
  trust: "high" | "low";
}

/** A line that is not scored. */
export interface RefusedLine {
  line: number;
  reason: string;
}

/** Characters of a program; more are not run. */
const PROGRAM_LENGTH = 2 ** 20;

/** Reads the lines; what cannot be used, and every further line of an id, is refused and does not stop the rest. */
export function readScoreLines(text: string): { lines: ScoreLine[]; refused: RefusedLine[] } {
  const lines: ScoreLine[] = [];
  const refused: RefusedLine[] = [];
  const seen = new Map<string | number, number>();
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const result = parseLine(line);
    if (typeof result === "string") refused.push({ line: i + 1, reason: result });
    else if (seen.has(result.id))
      refused.push({ line: i + 1, reason: `the id ${printable(JSON.stringify(result.id))} is line ${seen.get(result.id)}'s already` });
    else {
      seen.set(result.id, i + 1);
      lines.push(result);
    }
  }
  return { lines, refused };
}

function parseLine(text: string): ScoreLine | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON (${printable((error as Error).message)})`;
  }
  const parsed = Line.safeParse(value);
  return parsed.success ? parsed.data : parsed.error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
}

/** Runs one line's tests. @throws {AbortedError} when `signal` fires */
export async function scoreLine(line: ScoreLine, { sandbox, signal }: { sandbox: Sandbox; signal: AbortSignal }): Promise<ProgramReward> {
  const { id, tests, asserts = [], entry_point: entryPoint = "" } = line;
  const code = line.code ?? blockOf(line.completion ?? "");
  const count = tests?.length ?? asserts.length;
  const all = (verdict: VerdictName, detail: string): ProgramReward =>
    toReward(
      id,
      "high",
      Array.from({ length: count }, () => [verdict, detail]),
    );
  if (code === undefined) return all("exception", "no fenced block of Python");
  if (code.length > PROGRAM_LENGTH) return all("memory", `a program of ${code.length} characters; at most ${PROGRAM_LENGTH} are run`);
  if (tests === undefined) {
    const { verdicts, trust } = await sandbox.runTests({ code, tests: asserts, ...(entryPoint !== "" && { entryPoint }) }, { signal });
    return toReward(
      id,
      trust,
      verdicts.map(({ verdict, detail }) => [verdict, detail]),
    );
  }
  const { outcomes } = await sandbox.run({ code, entryPoint, inputs: tests.map(([args]) => args) }, { signal });
  return toReward(
    id,
    "high",
    tests.map(([, expected], i): [VerdictName, string] => {
      const outcome = outcomes[i];
      if (outcome === undefined) return ["infrastructure", "no answer"];
      if (outcome.status !== "ok") return [outcome.status, outcome.detail];
      return sameValue(outcome.value, expected) ? ["pass", ""] : ["wrong", JSON.stringify(outcome.value).slice(0, 200)];
    }),
  );
}

/** The first Python block of a Markdown text; `undefined` if it has none. */
function blockOf(markdown: string): string | undefined {
  return /^\s*```/m.test(markdown) ? fencedCode(markdown, ["python", "py", "python3"]) : undefined;
}

function toReward(id: string | number, trust: ProgramReward["trust"], tests: [VerdictName, string][]): ProgramReward {
  const verdicts = tests.map(([verdict]) => verdict);
  const failed = verdicts.includes("infrastructure");
  const reward = failed ? null : verdicts.filter((verdict) => verdict === "pass").length / verdicts.length;
  return { id, reward, verdicts, details: tests.map(([verdict, detail]) => (verdict === "pass" ? "" : detail)), trust };
}
