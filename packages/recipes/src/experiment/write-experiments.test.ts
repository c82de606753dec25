import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { readPlan } from "./plan.ts";
import { createRecord, type ExperimentRecord, planHash, recordPath, writeRecord } from "./record.ts";
import { writeExperiments } from "./write-experiments.ts";

const plan = {
  arms: { base: { note: "The model before.", train: false }, a: { note: "One way." }, b: { note: "Another <way>." } },
  seeds: [0, 1],
  evaluations: { "held-out": { dataset: "tinycode", samplesPerTask: 4 } },
  decision: [
    { arm: "a", against: "base", evaluation: "held-out", expected: "higher", margin: 0.1 },
    { arm: "b", against: "a", evaluation: "held-out", expected: "higher" },
  ],
};

const folders = () => {
  const root = mkdtempSync(join(tmpdir(), "experiments-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = join(root, "experiments");
  mkdirSync(join(folder, "first"), { recursive: true });
  writeFileSync(join(folder, "first", "plan.json"), JSON.stringify(plan));
  writeFileSync(join(folder, "first", "README.md"), "# Does a help?\n\n**Hypothesis**: `a` helps <most>.\n");
  return { root, folder, first: join(folder, "first"), output: join(root, "report") };
};

const random = createRandom(1);
const record = (experiment: string, arm: string, seed: number, rate: number, more: Partial<ExperimentRecord> = {}): ExperimentRecord => {
  const counts = Array.from({ length: 30 }, (_, i): [string, number, number] => [
    `task-${i}`,
    4,
    Math.min(4, Math.floor(5 * rate + 0.6 * random.uniform())),
  ]);
  const steps = Array.from({ length: 30 }, (_, i) => i);
  return createRecord({
    plan: planHash(readPlan(experiment).written),
    arm,
    seed,
    recipe: null,
    modelSha256: "0".repeat(64),
    date: `2026-01-0${seed + 2}T03:04:05.000Z`,
    commit: "c0ffee",
    machine: { processor: "Processor", cores: 2, node: "20.19.0" },
    seconds: 100,
    processorSeconds: 150,
    curve:
      arm === "base" ? {} : { reward: steps.map((i) => rate * i + random.uniform()), networkTokens: steps.map(() => (arm === "a" ? 1000 : 1100)) },
    evaluations: { "held-out": { tasksSha256: "1".repeat(64), infrastructureFailures: 0, counts } },
    ...more,
  });
};

const fill = (experiment: string): void => {
  for (const seed of plan.seeds)
    for (const [arm, rate] of [
      ["base", 0.2],
      ["a", 0.6],
      ["b", 0.4],
    ] as const)
      writeRecord(experiment, record(experiment, arm, seed, rate));
};

const problemOf = ({ root, ...options }: ReturnType<typeof folders>): string => {
  try {
    writeExperiments(options);
    return "none";
  } catch (error) {
    return (error as Error).message.replaceAll(root, "F");
  }
};

describe("writeExperiments", () => {
  it("puts what was predicted beside what came out", () => {
    const { folder, first, output } = folders();
    fill(first);
    writeFileSync(
      join(first, "estimators.json"),
      JSON.stringify({
        title: "Estimators",
        networks: [{ description: "A toy", estimators: [{ name: "a", family: "a", passes: 3, deviation: 0.625 }] }],
      }),
    );
    expect(writeExperiments({ folder, output })).toEqual({
      index: join(output, "index.html"),
      experiments: [{ name: "first", recorded: 6, planned: 6 }],
    });
    const page = readFileSync(join(output, "first", "index.html"), "utf8").replaceAll(/\s+/g, " ");
    expect(page).toContain("<h3>Does a help?</h3>");
    expect(page).toContain("<b>Hypothesis</b>: <code>a</code> helps &#60;most&#62;.");
    expect(page).toContain('pass@1 of a on held-out is more than 10 points above that of base: <span class="badge good">holds</span>');
    expect(page).toContain('pass@1 of b on held-out is higher than that of a: <span class="badge bad">does not hold</span>');
    expect(page).toContain("Unequal compute: 1.100 times the tokens.");
    expect(page).toContain("Another &#60;way&#62;.");
    expect(page).toContain("2 x Processor, Node 20.19.0");
    expect(page).toContain("2026-01-02 to 2026-01-03");
    expect(page).toContain("npm run report");
    expect(page).toContain('<a href="estimators.html">Estimators against the exact likelihood</a>');
    expect(page.match(/<path class="curve series-[01]" d="M[^"]/g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).not.toContain("<script");
    const estimators = readFileSync(join(output, "first", "estimators.html"), "utf8");
    expect(estimators).toContain("a: 0.625 at 3.");
    expect(estimators).toContain('<a href="index.html">The experiment</a>');
    const index = readFileSync(join(output, "index.html"), "utf8").replaceAll(/\s+/g, " ");
    expect(index).toContain("6 of 6 runs are recorded");
    expect(index).toContain("first: pass@1 of b on held-out is higher than that of a. It does not hold: −25.0 points");
    expect(index).not.toContain("first: pass@1 of a on held-out");
  });

  it("decides nothing while runs are missing, and says so", () => {
    const { folder, first, output } = folders();
    writeExperiments({ folder, output });
    const page = (): string => readFileSync(join(output, "first", "index.html"), "utf8").replaceAll(/\s+/g, " ");
    expect(page()).toContain("0 of 6 runs are recorded: 3 arms, seeds 0, 1.");
    expect(page()).toContain("No run is recorded yet: the command below makes the first.");
    expect(page()).toContain("Nothing is decided yet.");
    writeRecord(first, record(first, "base", 0, 0.2));
    writeRecord(first, record(first, "a", 0, 0.6));
    writeExperiments({ folder, output });
    expect(page()).toContain('above that of base: <span class="badge muted">not all runs are recorded</span>');
    expect(page()).toContain("Nothing is decided yet.");
    rmSync(first, { recursive: true });
    expect(writeExperiments({ folder, output }).experiments).toEqual([]);
    expect(readFileSync(join(output, "index.html"), "utf8")).toContain(
      "There is no experiment yet: docs/experiments/README.md says how to write one.",
    );
  });

  it("refuses what it cannot show, in one sentence, and writes nothing", () => {
    const all = folders();
    const { folder, first } = all;
    expect(problemOf({ ...all, folder: join(folder, "none") })).toBe(
      "F/experiments/none: no such folder. Give the folder of experiments with --experiments.",
    );
    fill(first);
    writeRecord(
      first,
      record(first, "b", 1, 0.4, { evaluations: { "held-out": { tasksSha256: "2".repeat(64), infrastructureFailures: 0, counts: [] } } }),
    );
    expect(problemOf(all)).toBe(
      "F/experiments/first/records/b-1.json: was evaluated on other tasks in held-out than a-0.json. Remove one of them and run the experiment again.",
    );
    truncateSync(recordPath(first, { arm: "b", seed: 1 }), 50);
    expect(problemOf(all)).toBe(
      "F/experiments/first/records/b-1.json: is not a whole record. Remove it and run the experiment again, which does only this arm and seed anew.",
    );
    expect(() => readFileSync(join(all.output, "index.html"))).toThrow("ENOENT");
  });
});
