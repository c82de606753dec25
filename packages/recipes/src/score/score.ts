// `diffucoder score`: runs the answers of score-lines.ts against the tests on their lines, visible ones first.
import { FENCE_NAMES, fencedBlock } from "@diffucoder/eval";
import { endAlike, type Sandbox, testProgram, type Verdict, type VerdictName } from "@diffucoder/reward-sandbox";
import { programTests, type TaskLine, type Tests } from "@diffucoder/tasks";

/** A program's verdicts. */
export interface ProgramReward {
  /** As JSON. */
  id: string;
  /** Share of tests passed; `null` if the sandbox could not run them, which is not the same as 0. */
  reward: number | null;
  /** One per test. */
  verdicts: VerdictName[];
  /** What came out instead, or the name of an exception; one per test, empty for a pass. */
  details: string[];
  /** `"low"` if the tests are code and shared a process with the program. */
  trust: "high" | "low";
}

/** Characters of a program; more are not run. */
const PROGRAM_LENGTH = 2 ** 20;

const TITLES = { python: "Python", javascript: "JavaScript", typescript: "TypeScript" } as const;

/** What `scoreLine` works with. */
export interface ScoreLineOptions {
  /** Where the program runs. */
  sandbox: Sandbox;
  /** Stops it. */
  signal: AbortSignal;
}

/**
 * Runs one line's tests.
 *
 * @throws {InvalidArgumentError} if the sandbox refuses the line's program or tests
 * @throws {AbortedError} when `signal` fires
 */
export async function scoreLine({ idJson: id, task, completion, code }: TaskLine, { sandbox, signal }: ScoreLineOptions): Promise<ProgramReward> {
  const { language, entryPoint } = task;
  const program = code ?? fencedBlock(completion ?? "", FENCE_NAMES[language], { entryPoint });
  const tests = [task.visible, task.hidden].flatMap((some) => (some === undefined ? [] : [programTests(task, some as OwnTests)]));
  const all = (verdict: VerdictName, got: string): ProgramReward =>
    toReward(
      id,
      "high",
      tests.flatMap((some) => endAlike(some, { verdict, got })),
    );
  if (program === undefined) return all("exception", `no fenced ${TITLES[language]} block`);
  if (program.length > PROGRAM_LENGTH) return all("memory", `a program of ${program.length} characters; at most ${PROGRAM_LENGTH} are run`);
  const verdicts: Verdict[] = [];
  let trust: ProgramReward["trust"] = "high";
  for (const some of tests) {
    const tested = await testProgram({ sandbox, code: program, tests: some, signal });
    verdicts.push(...tested.verdicts);
    if (tested.trust === "low") trust = "low";
  }
  return toReward(id, trust, verdicts);
}

/** Tests of a line; only a benchmark compares with a reference. */
type OwnTests = Exclude<Tests, { kind: "reference" }>;

function toReward(id: string, trust: ProgramReward["trust"], tests: readonly Verdict[]): ProgramReward {
  const verdicts = tests.map(({ verdict }) => verdict);
  const failed = verdicts.includes("infrastructure");
  const reward = failed ? null : verdicts.filter((verdict) => verdict === "pass").length / verdicts.length;
  return { id, reward, verdicts, details: tests.map(detailOf), trust };
}

function detailOf({ verdict, got }: Verdict): string {
  if (verdict === "pass") return "";
  return verdict === "wrong" && typeof got !== "string" ? JSON.stringify(got).slice(0, 200) : String(got);
}
