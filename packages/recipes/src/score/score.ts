// `diffucoder score`: runs the programs of score-lines.ts.
import { FENCE_NAMES, fencedBlock } from "@diffucoder/eval";
import { type FunctionJob, type Sandbox, sameOutput, type VerdictName } from "@diffucoder/reward-sandbox";
import type { ScoreLine } from "./score-lines.ts";

/** A program's verdicts. */
export interface ProgramReward {
  /** As JSON. */
  id: string;
  /** Share of tests passed; `null` if the sandbox could not run them: that is no 0. */
  reward: number | null;
  /** One per test. */
  verdicts: VerdictName[];
  /** What came out instead, or the name of an exception; one per test, empty for a pass. */
  details: string[];
  /** `"low"` where the tests are code and shared a process with the program. */
  trust: "high" | "low";
}

/** Characters of a program; more are not run. */
const PROGRAM_LENGTH = 2 ** 20;

const TITLES = { python: "Python", javascript: "JavaScript", typescript: "TypeScript" } as const;

interface Options {
  sandbox: Sandbox;
  signal: AbortSignal;
}

type Verdicts = readonly (readonly [VerdictName, string])[];

/**
 * Runs one line's tests.
 *
 * @throws {InvalidArgumentError} if the sandbox refuses what is on the line
 * @throws {AbortedError} when `signal` fires
 */
export async function scoreLine(line: ScoreLine, options: Options): Promise<ProgramReward> {
  const { id, tests, asserts, entryPoint, language } = line;
  const code = line.code ?? fencedBlock(line.completion ?? "", FENCE_NAMES[language], { entryPoint });
  const all = (verdict: VerdictName, detail: string): ProgramReward =>
    toReward(
      id,
      "high",
      Array.from({ length: (tests ?? asserts).length }, () => [verdict, detail]),
    );
  if (code === undefined) return all("exception", `no fenced block of ${TITLES[language]}`);
  if (code.length > PROGRAM_LENGTH) return all("memory", `a program of ${code.length} characters; at most ${PROGRAM_LENGTH} are run`);
  if (tests !== undefined) return toReward(id, "high", await runCalls({ language, code, entryPoint: entryPoint as string }, tests, options));
  const job = { language, code, tests: asserts, ...(entryPoint !== undefined && { entryPoint }) };
  const { verdicts, trust } = await options.sandbox.runTests(job, { signal: options.signal });
  return toReward(
    id,
    trust,
    verdicts.map(({ verdict, detail }) => [verdict, detail]),
  );
}

async function runCalls(
  job: Pick<FunctionJob, "language" | "code" | "entryPoint">,
  tests: NonNullable<ScoreLine["tests"]>,
  { sandbox, signal }: Options,
): Promise<Verdicts> {
  const { outcomes } = await sandbox.run({ ...job, inputs: tests.map(([args]) => args) }, { signal });
  return tests.map(([, expected], i) => {
    const outcome = outcomes[i];
    if (outcome === undefined) return ["infrastructure", "no answer"];
    if (outcome.status !== "ok") return [outcome.status, outcome.detail];
    return sameOutput(outcome.value, expected, job) ? ["pass", ""] : ["wrong", JSON.stringify(outcome.value).slice(0, 200)];
  });
}

function toReward(id: string, trust: ProgramReward["trust"], tests: Verdicts): ProgramReward {
  const verdicts = tests.map(([verdict]) => verdict);
  const failed = verdicts.includes("infrastructure");
  const reward = failed ? null : verdicts.filter((verdict) => verdict === "pass").length / verdicts.length;
  return { id, reward, verdicts, details: tests.map(([verdict, detail]) => (verdict === "pass" ? "" : detail)), trust };
}
