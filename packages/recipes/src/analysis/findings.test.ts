import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, parseConfig } from "@diffucoder/core";
import type { DenoiseTrace } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { AnalyzeConfigSchema } from "./analyze-config.ts";
import { arithmeticLines } from "./arithmetic.ts";
import { codeAndTextFinding } from "./code-and-text-finding.ts";
import { completionLengthFinding } from "./completion-length-finding.ts";
import { bothOf, verdictOf } from "./finding.ts";
import { estimateRun, measureRun } from "./measures.ts";
import { arNessFinding, entropySinkFinding } from "./order-findings.ts";
import { temperatureFindings } from "./temperature-findings.ts";
import { rlOrderFinding, rlStepsFinding, type StageRun, stagesFinding } from "./training-findings.ts";

const conventions = { region: "canvas", rule: "set", prompt: "revealed", withinStep: "confidence" } as const;
const config = { ks: [1, 2], conventions, seed: 0 };
const random = createRandom(0);

/** A trace of one token a step; the first pass is told if `entropy` says how sure it was of each position. */
function traceOf(positions: readonly number[], entropy?: (position: number) => number): DenoiseTrace {
  const column = (position: number): number => position + 1;
  const others = positions.slice(1);
  const provisional = entropy && { positions: others.map(column), confidence: others.map(() => 0.5), entropy: others.map(entropy) };
  return {
    initialIds: [7, ...positions.map(() => 9)],
    maskTokenId: 9,
    steps: positions.map((position, step) => ({
      step,
      positions: [column(position)],
      tokens: [5],
      confidence: [0.5],
      entropy: [entropy?.(position) ?? 0.1],
      forwardPasses: step + 1,
      ...(step === 0 && provisional && { provisional }),
    })),
  };
}

const forwards = [0, 1, 2, 3, 4, 5];
const backwards = forwards.toReversed();
const between = [0, 1, 3, 2, 5, 4];

/** A run whose tasks have these samples, `[order, passes]` each. */
function runOf(name: string, tasks: readonly (readonly (readonly [order: readonly number[], passed: boolean])[])[]): StageRun {
  const samples = tasks.flatMap((drawn, i) => drawn.map(([order]) => ({ taskId: `task ${i}`, trace: traceOf(order) })));
  const counts = new Map(tasks.map((drawn, i) => [`task ${i}`, { n: drawn.length, c: drawn.filter(([, passed]) => passed).length }]));
  const measured = measureRun(name, samples, { config, counts });
  return { measured, run: estimateRun(measured, config) };
}

/** Eight tasks of one sample each. */
const same = (name: string, order: readonly number[], passes = 8): StageRun =>
  runOf(
    name,
    [...Array(8).keys()].map((i) => [[order, i < passes]]),
  );

describe("measureRun and estimateRun", () => {
  it("are means over the samples of a task, then over tasks", () => {
    const { run, measured } = runOf("R", [
      [
        [forwards, true],
        [backwards, false],
      ],
      [
        [forwards, true],
        [forwards, true],
      ],
    ]);
    expect(measured.tasks.map(({ local, orderTau }) => [local, orderTau])).toEqual([
      [[0.5, 0.5], expect.closeTo(-1, 12)],
      [[1, 1], expect.closeTo(1, 12)],
    ]);
    expect(run).toMatchObject({ name: "R", tasks: 2, samples: 4, local: [{ k: 1, estimate: 0.75 }, { k: 2 }], orderTau: { estimate: 0 } });
    expect(run.passAtK!.map(({ k, estimate }) => [k, estimate])).toEqual([
      [1, 0.75],
      [2, 1],
    ]);
    expect(run.global[0]!.random).toBeCloseTo((1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5 + 1 / 6) / 6, 12);
    expect(run.entropy.estimate).toBeCloseTo(0.1, 12);
    expect(run).not.toHaveProperty("entropySink");
  });

  it("give the same intervals for the same seed, whatever else was measured before", () => {
    const tasks = [[[forwards, true]], [[between, true]], [[backwards, false]]] as const;
    expect(runOf("R", tasks).run).toEqual(runOf("R", tasks).run);
  });
});

describe("verdicts", () => {
  it("need an interval on one side of 0", () => {
    expect(verdictOf([0.1, 0.3], "above")).toBe("holds");
    expect(verdictOf([0.1, 0.3], "below")).toBe("does not hold");
    expect(verdictOf([-0.3, -0.1], "below")).toBe("holds");
    expect(verdictOf([-0.1, 0.3], "above")).toBe("undecided");
    expect(verdictOf([0, 0], "above")).toBe("undecided");
  });

  it("of two parts hold if both do", () => {
    expect(bothOf("holds", "holds")).toBe("holds");
    expect(bothOf("holds", "undecided")).toBe("undecided");
    expect(bothOf("undecided", "does not hold")).toBe("does not hold");
  });
});

describe("findings", () => {
  it("AR-ness lies between random orders and left to right, or not", () => {
    const verdicts = [between, forwards, backwards].map((order) => arNessFinding(same("M", order).run).verdict);
    expect(verdicts).toEqual(["holds", "does not hold", "does not hold"]);
    expect(arNessFinding(same("M", between).run).sentences).toEqual([
      "M has a local AR-ness@1 of 33.3 % (33.3 to 33.3) and a global AR-ness@1 of 66.7 % (66.7 to 66.7), where left to right has 100 % and random orders have 40.8 % globally.",
      "The paper's finding holds in these data.",
    ]);
  });

  it("the entropy sink is a tau above 0, and not measured without what the first pass proposed", () => {
    const run = (entropy?: (position: number) => number) => {
      const measured = measureRun("M", [{ taskId: "a", trace: traceOf(between, entropy) }], { config });
      return entropySinkFinding(estimateRun(measured, config), measured);
    };
    expect(run((position) => position / 4)).toMatchObject({
      verdict: "holds",
      sentences: [
        "At the first pass of M the entropy is 0.00 nats next to the prompt and at most 1.25, 5 positions from it; Kendall's tau of entropy and distance is 1.00 (1.00 to 1.00).",
        "The paper's finding holds in these data.",
      ],
      figures: [{ x: [0, 1, 2, 3, 4, 5], y: [0, 0.25, 0.5, 0.75, 1, 1.25] }],
    });
    expect(run((position) => -position).verdict).toBe("does not hold");
    expect(run().sentences[1]).toBe("These traces do not tell what the first pass proposed; record them again to measure it.");
  });

  it("a temperature diversifies orders and raises pass@k, from the lowest to the highest", () => {
    const cold = runOf(
      "cold",
      forwards.map(() => [
        [forwards, false],
        [forwards, false],
      ]),
    );
    const hot = runOf(
      "hot",
      forwards.map(() => [
        [forwards, true],
        [between, false],
      ]),
    );
    const [order, pass] = temperatureFindings(
      [
        { temperature: 1.2, ...hot },
        { temperature: 0.2, ...cold },
      ],
      random,
    );
    expect(order).toMatchObject({ verdict: "holds", figures: [{ rows: [{ label: "temperature 1.2:" }, { label: "temperature 0.2:" }] }, {}] });
    expect(pass!.sentences).toEqual([
      "From temperature 0.2 to 1.2, pass@2 changes by +100.0 points (100.0 to 100.0), and pass@1 by +50.0 points (50.0 to 50.0).",
      "The paper's finding holds in these data.",
    ]);
    const alone = temperatureFindings([{ temperature: 0.2, ...cold }], random);
    expect(alone.map(({ verdict }) => verdict)).toEqual(["not measured", "not measured"]);
  });

  it("AR-ness over stages rises and falls, or not", () => {
    const stages = (...orders: (readonly number[])[]) =>
      stagesFinding(
        orders.map((order, i) => same(`stage ${i}`, order)),
        random,
      );
    expect(stages(backwards, forwards, between).verdict).toBe("holds");
    expect(stages(backwards, between, forwards).verdict).toBe("does not hold");
    expect(stages(forwards, forwards, forwards).verdict).toBe("undecided");
    expect(stages(backwards, forwards, between).sentences[0]).toBe(
      "From stage 0 to stage 1, the most autoregressive in between, global AR-ness@1 changes by +83.3 points (83.3 to 83.3), and from there to stage 2 by -33.3 points (-33.3 to -33.3).",
    );
    expect(stages(forwards, between).verdict).toBe("not measured");
  });

  it("AR-ness falls with reinforcement learning, or not", () => {
    expect(rlOrderFinding(same("before", forwards), same("after", between), random)).toMatchObject({
      verdict: "holds",
      sentences: [
        "Global AR-ness@1 is 100.0 % (100.0 to 100.0) before and 66.7 % (66.7 to 66.7) after: -33.3 points (-33.3 to -33.3).",
        "The paper's finding holds in these data.",
      ],
    });
    expect(rlOrderFinding(same("before", between), same("after", forwards), random).verdict).toBe("does not hold");
    expect(rlOrderFinding(same("before", between), undefined, random).verdict).toBe("not measured");
  });

  it("fewer steps cost less after reinforcement learning, or not", () => {
    const runs = (...passes: [number, number, number]) => passes.map((count) => same("M", forwards, count)) as [StageRun, StageRun, StageRun];
    const finding = rlStepsFinding(runs(8, 0, 0), runs(8, 8, 4), random);
    expect(finding).toMatchObject({
      verdict: "holds",
      sentences: [
        expect.stringMatching(
          /^At half of the steps pass@1 changes by -100\.0 before and by \+0\.0 points after, a difference of \+100\.0 points \(100\.0 to 100\.0\); at a quarter it changes by -100\.0 and -50\.0, a difference of \+50\.0 points \(.+\)\.$/,
        ),
        "The paper's finding holds in these data.",
      ],
    });
    expect(rlStepsFinding(runs(8, 8, 8), runs(8, 0, 0), random).verdict).toBe("does not hold");
    expect(rlStepsFinding(runs(8, 8, 8), undefined, random).verdict).toBe("not measured");
  });

  it("the completions of a run grow, or not, and a short run tells nothing", () => {
    const dir = mkdtempSync(join(tmpdir(), "analysis-"));
    const path = join(dir, "metrics.jsonl");
    const finding = (lengths: readonly number[]) => {
      const lines = lengths.flatMap((completionLength, i) => [
        { step: i + 1, completionLength },
        { step: i + 1, evalPassAt1: 0.5 },
      ]);
      writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      return completionLengthFinding(path, random);
    };
    const wave = [...Array(40).keys()].map((i) => 30 + (i % 2));
    expect(finding(wave)).toMatchObject({ verdict: "holds", figures: [{ x: wave.map((_, i) => i + 1), y: wave }] });
    expect(finding(wave.map((length, i) => length + i)).verdict).toBe("does not hold");
    expect(finding(wave.map((length, i) => length + (i % 2) * 40)).verdict).toBe("undecided");
    expect(finding(wave.slice(0, 19)).sentences[1]).toBe(`${path} has the completionLength of 19 iterations, and it takes 20 to measure it.`);
    expect(() => completionLengthFinding(join(dir, "none"), random)).toThrow(`${join(dir, "none")}: no such file.`);
    rmSync(dir, { recursive: true });
  });

  it("code has a lower mean and a larger spread than text, or not", () => {
    const mixed = runOf(
      "code",
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [[i % 2 === 0 ? between : backwards, true]]),
    );
    expect(codeAndTextFinding(mixed, same("text", forwards), random).verdict).toBe("holds");
    expect(codeAndTextFinding(same("code", forwards), mixed, random).verdict).toBe("does not hold");
    expect(codeAndTextFinding(mixed, undefined, random).verdict).toBe("not measured");
  });
});

describe("arithmeticLines", () => {
  it("are tasks with the right answer, the same for the same seed", () => {
    const lines = arithmeticLines({ tasks: 9, seed: 3 });
    expect(arithmeticLines({ tasks: 9, seed: 3 })).toBe(lines);
    const tasks = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { prompt: string; stdout: string });
    const operations = { plus: (a: number, b: number) => a + b, minus: (a: number, b: number) => a - b, times: (a: number, b: number) => a * b };
    for (const { prompt, stdout } of tasks) {
      const [, a, name, b] = /^What is (\d+) (plus|minus|times) (\d+)\?$/.exec(prompt)!;
      expect(Number(stdout)).toBe(operations[name as keyof typeof operations](Number(a), Number(b)));
    }
  });
});

describe("AnalyzeConfigSchema", () => {
  const problem = (data: object) => () => parseConfig(AnalyzeConfigSchema, data, { source: "analyze settings" });

  it("refuses what does not go together, one sentence each", () => {
    expect(problem({})).toThrow("Invalid analyze settings:\n  - give either model or traces");
    expect(problem({ model: "m", traces: "t.jsonl", output: "o" })).toThrow("Invalid analyze settings:\n  - give either model or traces");
    expect(problem({ model: "m" })).toThrow("Invalid analyze settings:\n  - output is required with a model, to keep what it generates");
    expect(problem({ traces: "t.jsonl", afterRl: "m", against: "arithmetic" })).toThrow(
      "Invalid analyze settings:\n  - afterRl, against: for a model, not for traces that are there already",
    );
    expect(problem({ model: "m", output: "o", against: "arithmetics" })).toThrow(
      "Invalid analyze settings:\n  - against: expected arithmetic, a data set, or the path of a file of JSON lines (.jsonl)",
    );
  });
});
