// Work that samples share is done once: running a task's reference, and a program that several of its samples write.
import { createHash } from "node:crypto";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { Task } from "@diffucoder/tasks";
import { type ReferenceCases, referenceCases } from "./reference-outputs.ts";
import { referenceVerdict } from "./reference-verdict.ts";
import { evaluationTests, type ProgramScore, scoreProgram } from "./score-program.ts";

export interface JudgeOptions {
  sandbox: Sandbox;
  /** Of the tasks' data. */
  sha256: string;
  cacheFolder: string;
  finished?: ReadonlyMap<string, ProgramScore> | undefined;
  onScore?: ((key: string, score: ProgramScore) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Scores programs of a set of tasks. */
export class Judge {
  readonly #options: JudgeOptions;
  readonly #references = new Map<string, Promise<ReferenceCases>>();
  readonly #scores = new Map<string, Promise<ProgramScore>>();
  /** Programs that were run so far, without those known before. */
  runs = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** What a task's reference says, and whether programs can be judged by it. */
  reference(task: Task): Promise<ReferenceCases> {
    const tests = evaluationTests(task);
    const reference =
      this.#references.get(task.id) ??
      (tests.kind === "reference" ? referenceCases(task, tests, this.#options) : referenceVerdict(task, tests, this.#options));
    this.#references.set(task.id, reference);
    return reference;
  }

  /** Scores a program. Equal programs of a task run once, over interruptions too. */
  score(task: Task, program: string, reference: ReferenceCases): Promise<ProgramScore> {
    const key = programKey(task.id, program);
    const score = this.#scores.get(key) ?? this.#newScore(task, program, { key, reference });
    this.#scores.set(key, score);
    return score;
  }

  /** What the references could not decide, by task. */
  async leftOut(): Promise<{ where: string; reason: string }[]> {
    const all = await Promise.all([...this.#references].map(async ([where, reference]) => ({ where, reasons: (await reference).leftOut })));
    return all.flatMap(({ where, reasons }) => reasons.map((reason) => ({ where, reason })));
  }

  async #newScore(task: Task, program: string, { key, reference }: { key: string; reference: ReferenceCases }): Promise<ProgramScore> {
    const { finished, onScore, sandbox, signal } = this.#options;
    const kept = finished?.get(key);
    if (kept !== undefined) return kept;
    this.runs++;
    const score = await scoreProgram(task, program, { sandbox, reference, signal });
    if (!isInfrastructure(score)) onScore?.(key, score);
    return score;
  }
}

/** What a score belongs to: a task and a program. */
function programKey(taskId: string, program: string): string {
  return createHash("sha256").update(`${taskId}\0${program}`).digest("hex").slice(0, 32);
}

/** Whether the sandbox failed, so that the score says nothing about the program. */
export function isInfrastructure({ base, plus }: ProgramScore): boolean {
  return base.verdict === "infrastructure" || plus?.verdict === "infrastructure";
}
