import { createRandom, type ProgressEvent } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { evaluateTasks, summarize, type EvaluateTasksOptions, type TaskResult } from "./evaluate-tasks.ts";

interface Task {
  id: string;
  rate: number;
}

const tasks: Task[] = [
  { id: "easy", rate: 1 },
  { id: "even", rate: 0.5 },
  { id: "hard", rate: 0 },
];

type Options = EvaluateTasksOptions<Task, string, number[]>;

/** A model that writes a random number, and a judge that compares it with the task's rate. */
function options(changes: Partial<Options> = {}): Options {
  return {
    tasks,
    samplesPerTask: 4,
    batchSize: 5,
    generate: async (requests) => requests.map(({ random }) => ({ text: String(random.uniform()) })),
    score: async (texts, of) => texts.map((text, i) => ({ passed: Number(text) < (of[i] as Task).rate, verdicts: [text] })),
    random: createRandom(5),
    ...changes,
  };
}

describe("evaluateTasks", () => {
  it("counts the samples that pass and estimates pass@1 and pass@n", async () => {
    const answers: Record<string, string[]> = {
      easy: ["good", "good", "good", "good"],
      even: ["good", "bad", "bad", "bad"],
      hard: ["bad", "bad", "bad", "bad"],
    };
    const { results, passAtK, infrastructureFailures } = await evaluateTasks(
      options({
        generate: async (requests) => requests.map(({ task, sampleIndex }) => ({ text: answers[task.id]?.[sampleIndex] ?? "" })),
        score: async (texts) => texts.map((text) => ({ passed: text === "good", verdicts: [] })),
      }),
    );
    expect(results.map(({ taskId, n, c }) => [taskId, n, c])).toEqual([
      ["easy", 4, 4],
      ["even", 4, 1],
      ["hard", 4, 0],
    ]);
    // pass@1 (1 + 1/4 + 0) / 3, pass@4 (1 + 1 + 0) / 3
    expect(passAtK.map(({ k, estimate, tasks: count }) => [k, estimate, count])).toEqual([
      [1, expect.closeTo(5 / 12, 12), 3],
      [4, expect.closeTo(2 / 3, 12), 3],
    ]);
    expect(infrastructureFailures).toBe(0);
  });

  it("gives the same results for every batch size and order of tasks", async () => {
    const one = await evaluateTasks(options({ batchSize: 1 }));
    expect(await evaluateTasks(options({ batchSize: 7 }))).toEqual(one);
    const reversed = await evaluateTasks(options({ tasks: tasks.toReversed() }));
    expect(reversed.results.toReversed()).toEqual(one.results);
    expect(await evaluateTasks(options({ random: createRandom(6) }))).not.toEqual(one);
  });

  it("keeps completions that could not be scored out of the counts", async () => {
    const score: Options["score"] = async (texts, of) =>
      texts.map((_, i) => ((of[i] as Task).id === "even" ? null : { passed: true, verdicts: ["ok"] }));
    const { results, passAtK, infrastructureFailures } = await evaluateTasks(options({ score }));
    expect(results[1]).toMatchObject({ taskId: "even", n: 0, c: 0 });
    expect(results[1]?.samples.map((sample) => sample.passed)).toEqual([null, null, null, null]);
    expect(infrastructureFailures).toBe(4);
    expect(passAtK).toEqual([
      { k: 1, estimate: 1, interval95: [1, 1], tasks: 2 },
      { k: 4, estimate: 1, interval95: [1, 1], tasks: 2 },
    ]);
  });

  it("leaves a k out of the summary if no task has that many scored samples", async () => {
    const { passAtK } = await evaluateTasks(
      options({ score: async (texts) => texts.map((_, i) => (i === 0 ? { passed: true, verdicts: [] } : null)), batchSize: 4 }),
    );
    expect(passAtK.map(({ k }) => k)).toEqual([1]);
  });

  it("continues from persisted results as if it had never stopped", async () => {
    const whole = await evaluateTasks(options());
    const abort = new AbortController();
    const persisted: string[] = [];
    const stopped = evaluateTasks(
      options({
        batchSize: 2,
        signal: abort.signal,
        onTask: (result) => {
          persisted.push(JSON.stringify(result));
          abort.abort();
        },
      }),
    );
    await expect(stopped).rejects.toThrow("evaluate was stopped.");
    expect(persisted).toHaveLength(1);

    let drawn = 0;
    const generate: Options["generate"] = async (requests) => {
      drawn += requests.length;
      return options().generate(requests);
    };
    const finished = persisted.map((line) => JSON.parse(line) as TaskResult<string, number[]>);
    expect(await evaluateTasks(options({ finished, generate }))).toEqual(whole);
    expect(drawn).toBe(8);
  });

  it("draws a finished task again if it has another number of samples, and ignores tasks it was not asked for", async () => {
    const two = await evaluateTasks(options({ samplesPerTask: 2 }));
    const other = { ...(two.results[0] as TaskResult<string, number[]>), taskId: "other" };
    expect(await evaluateTasks(options({ finished: [...two.results, other] }))).toEqual(await evaluateTasks(options()));
  });

  it("reports progress in samples, and the pass rate so far", async () => {
    const events: ProgressEvent[] = [];
    const { results } = await evaluateTasks(options({ phase: "before", onProgress: (event) => events.push(event) }));
    expect(events.map(({ phase, step, total }) => [phase, step, total])).toEqual([
      ["before", 5, 12],
      ["before", 10, 12],
      ["before", 12, 12],
    ]);
    const sum = (of: "n" | "c"): number => results.reduce((total, result) => total + result[of], 0);
    expect(events[2]?.metrics).toEqual({ passRate: sum("c") / sum("n") });
  });

  it("keeps traces where the model gives them", async () => {
    const { results } = await evaluateTasks(
      options({ generate: async (requests) => requests.map(({ sampleIndex }) => (sampleIndex === 0 ? { text: "", trace: [1, 2] } : { text: "" })) }),
    );
    expect(results[0]?.samples.map((sample) => sample.trace)).toEqual([[1, 2], undefined, undefined, undefined]);
  });

  it("says what is wrong with its arguments", async () => {
    await expect(evaluateTasks(options({ samplesPerTask: 0 }))).rejects.toThrow("samplesPerTask must be a positive integer, got 0.");
    await expect(evaluateTasks(options({ batchSize: 1.5 }))).rejects.toThrow("batchSize must be a positive integer, got 1.5.");
    await expect(evaluateTasks(options({ ks: [1, 8] }))).rejects.toThrow("ks must be integers from 1 to samplesPerTask (4), got [1,8].");
    await expect(evaluateTasks(options({ tasks: [] }))).rejects.toThrow("tasks must be at least one task, got [].");
    await expect(evaluateTasks(options({ tasks: [...tasks, { id: "hard", rate: 1 }] }))).rejects.toThrow(
      'tasks must be tasks with distinct ids, got "hard".',
    );
    await expect(evaluateTasks(options({ generate: async () => [] }))).rejects.toThrow(
      "what generate returns must be a list of 5, one per sample, got 0.",
    );
    await expect(evaluateTasks(options({ score: async () => [null] }))).rejects.toThrow(
      "what score returns must be a list of 5, one per sample, got 1.",
    );
  });
});

describe("summarize", () => {
  it("estimates a third k from results that are already there", async () => {
    const { results } = await evaluateTasks(options());
    expect(summarize(results, { ks: [2], random: createRandom(1) }).passAtK.map(({ k }) => k)).toEqual([2]);
  });
});
