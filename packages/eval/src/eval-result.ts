import { FileError, parseConfig, readJsonObject } from "@diffucoder/core";
import type { PythonInfo, Sandbox } from "@diffucoder/reward-sandbox";
import { z } from "zod";
import { type LeftOut, type TaskSelection, TaskSelectionSchema, type TaskSet } from "@diffucoder/tasks";
import { POST_PROCESSORS, type PostProcessor } from "./samples/post-process.ts";
import type { Sample } from "./samples/samples-file.ts";
import { evaluationTests, LIMITS, type ProgramLimits } from "./scoring/score-program.ts";
import { type MethodFigure, methodFigures } from "./scoring/decoding-figures.ts";
import type { SampleScores } from "./scoring/score-samples.ts";
import type { SuiteSummary } from "./scoring/summarize-suites.ts";

/** Where samples came from. */
export type SampleSource =
  | {
      /** A samples file. */
      readonly kind: "file";
      /** Where it lay. */
      readonly path: string;
      /** SHA-256 of the file, hexadecimal. */
      readonly sha256: string;
    }
  | {
      /** A model that was asked for them. */
      readonly kind: "model";
      /** Folder of its checkpoint. */
      readonly dir: string;
      /** SHA-256 of the checkpoint's weights, hexadecimal. */
      readonly sha256: string;
      /** Name of the prompt template. */
      readonly template: string;
      /** Settings of the sampler. */
      readonly sampler: Readonly<Record<string, unknown>>;
      /** Seed of the samples. */
      readonly seed: number;
      /** Completions drawn for each task. */
      readonly samplesPerTask: number;
    };

/** One set of samples; several in one result are a sweep. */
export interface EvalRun extends SampleScores {
  /** How it differs from the others, e.g. `"temperature 0.2"`. */
  readonly label: string;
  /** What it shares with runs that differ in parallelism only: they are one curve. @default none: its parallelism is not known */
  readonly method?: string;
  /** Where its samples came from. */
  readonly source: SampleSource;
}

/** A score with everything needed to reproduce it: `eval-result.json`. */
export interface EvalResult {
  /** Name and version of this format. */
  readonly format: typeof FORMAT;
  /** What it was measured on. */
  readonly dataset: {
    /** What `loadTasks` finds it by. */
    readonly name: string;
    /** Which of its tasks. */
    readonly data: TaskSelection;
    /** Ids of tasks that were made for this evaluation, to make them again. @default absent for tasks of a file */
    readonly ids?: readonly string[];
    /** Its title for people. */
    readonly title: string;
    /** Version of the data. */
    readonly version: string;
    /** SHA-256 of its file or, where they were made, of its tasks, hexadecimal. */
    readonly sha256: string;
    /** How many tasks it has. */
    readonly tasks: number;
  };
  /** How a text became a program. */
  readonly postProcessor: PostProcessor;
  /** Rules that decide whether an output is right. */
  readonly rules: string;
  /** Limits of a program. */
  readonly limits: ProgramLimits;
  /** How programs were isolated. */
  readonly sandbox: {
    /** The sandbox's level. */
    readonly level: string;
    /** The same, for people. */
    readonly description: string;
    /** The custom Python that programs ran on, and its libraries; absent for the system's, without libraries. */
    readonly python?: PythonInfo;
  };
  /** Seed of the bootstrap. */
  readonly seed: number;
  /** The requested `k`. */
  readonly ks: readonly number[];
  /** One for each set of samples. */
  readonly runs: readonly EvalRun[];
  /** Accuracy under parallelism of each method and suite; empty where the samples' cost is not known. */
  readonly aup: readonly MethodFigure[];
}

const FORMAT = "diffucoder-eval-1";

const RULES = {
  reference: "outputs compared with the reference's outside the sandbox; EvalPlus 0.3.1's tolerances and special cases",
  code: "the dataset's own test code",
  calls: "outputs compared outside the sandbox, by exact type; floats within 1e-6",
  runs: "standard output compared outside the sandbox, line by line",
} as const;

/** Puts a result together. */
export function evalResult({
  taskSet,
  data,
  postProcessor,
  sandbox,
  seed,
  ks,
  runs,
}: {
  /** What it was measured on. */
  taskSet: TaskSet;
  /** Which of the dataset's tasks. */
  data: TaskSelection;
  /** How a text became a program. */
  postProcessor: PostProcessor;
  /** Where programs ran. */
  sandbox: Pick<Sandbox, "isolation" | "python">;
  /** Seed of the bootstrap. */
  seed: number;
  /** The requested `k`. */
  ks: readonly number[];
  /** One for each set of samples; at least one. */
  runs: readonly EvalRun[];
}): EvalResult {
  const { name, title, version, sha256, tasks } = taskSet;
  const ids = taskSet.isMade === true ? { ids: tasks.map(({ id }) => id) } : {};
  const dataset = { name, data, ...ids, title, version, sha256, tasks: tasks.length };
  const rules = [...new Set(tasks.map((task) => RULES[evaluationTests(task).kind]))].join("; ");
  const { isolation, python } = sandbox;
  return {
    format: FORMAT,
    dataset,
    postProcessor,
    rules,
    limits: LIMITS,
    sandbox: { ...isolation, ...(python && { python }) },
    seed,
    ks,
    runs,
    aup: methodFigures(runs),
  };
}

const Rescorable = z.object({
  format: z.literal(FORMAT),
  dataset: z.object({ name: z.string(), data: TaskSelectionSchema, ids: z.array(z.string()).optional(), sha256: z.string() }),
  postProcessor: z.enum(POST_PROCESSORS),
  sandbox: z.object({ python: z.object({ path: z.string() }).optional() }),
  seed: z.int().nonnegative(),
  ks: z.array(z.int().positive()),
  runs: z
    .array(
      z.object({
        label: z.string(),
        source: z.custom<SampleSource>((value) => typeof value === "object" && value !== null),
        samples: z.array(z.object({ taskId: z.string(), line: z.int(), kind: z.enum(["solution", "completion"]), raw: z.string() })),
        suites: z.custom<SuiteSummary[]>((value) => Array.isArray(value)),
        leftOut: z.array(z.object({ where: z.string(), reason: z.string() })),
      }),
    )
    .min(1),
});

/** What `rescore` needs of a result: its raw generations and their scores. */
export interface EarlierResult {
  /** What it was measured on. */
  readonly dataset: {
    /** What `loadTasks` finds it by. */
    readonly name: string;
    /** Which of its tasks. */
    readonly data: TaskSelection;
    /** Ids of tasks that were made for this evaluation. @default absent for tasks of a file */
    readonly ids?: readonly string[] | undefined;
    /** SHA-256 of its file or, where they were made, of its tasks, hexadecimal. */
    readonly sha256: string;
  };
  /** How a text became a program. */
  readonly postProcessor: PostProcessor;
  /** Path of the custom Python that programs ran on. */
  readonly python?: string;
  /** Seed of the bootstrap. */
  readonly seed: number;
  /** The requested `k`. */
  readonly ks: readonly number[];
  /** One for each set of samples. */
  readonly runs: readonly {
    /** How it differs from the others, e.g. `"temperature 0.2"`. */
    readonly label: string;
    /** Where its samples came from. */
    readonly source: SampleSource;
    /** The raw generations. */
    readonly samples: readonly Sample[];
    /** Their scores, one for each suite. */
    readonly suites: readonly SuiteSummary[];
    /** What was not scored, and why. */
    readonly leftOut: readonly LeftOut[];
  }[];
}

/** Reads a result. @throws {FileError} @throws {ConfigError} naming every problem */
export function readEvalResult(path: string): EarlierResult {
  const data = readJsonObject(path);
  if (data.format !== FORMAT) throw new FileError({ path, problem: `is not an eval-result.json (format ${FORMAT})` });
  const { runs, sandbox, ...rest } = parseConfig(Rescorable, data, { source: path });
  return {
    ...rest,
    ...(sandbox.python && { python: sandbox.python.path }),
    runs: runs.map(({ samples, ...run }) => ({ ...run, samples: samples.map(({ raw, ...sample }) => ({ ...sample, text: raw })) })),
  };
}

/** The differences between two scores of the same samples, intervals included, a sentence each. */
export function differences(before: readonly SuiteSummary[], after: readonly SuiteSummary[]): string[] {
  const line = ({ suite, passAtK, verdicts }: SuiteSummary): string =>
    JSON.stringify([suite, passAtK, Object.entries(verdicts).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return before.flatMap((summary) => {
    const other = after.find(({ suite }) => suite === summary.suite);
    if (other === undefined) return [`${summary.suite}: no score now`];
    return line(summary) === line(other) ? [] : [`${summary.suite}: ${figures(summary)} then, ${figures(other)} now`];
  });
}

function figures({ passAtK, verdicts }: SuiteSummary): string {
  const shares = passAtK.map(({ k, estimate }) => `pass@${k} ${(estimate * 100).toFixed(2)} %`);
  return [...shares, ...Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`)].join(", ");
}
