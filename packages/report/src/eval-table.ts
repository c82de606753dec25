import type { DecodingFigures, EvalResult, EvalRun, SuiteSummary } from "@diffucoder/eval";

/** Lines about what was left out that the terminal shows. */
const SHOWN_LEFT_OUT = 12;

/** A result as text for a terminal: a line per suite and k, the verdicts, and what was left out. */
export function evalTable(result: EvalResult): string {
  const { dataset, postProcessor, sandbox, runs } = result;
  const head = [
    `${[dataset.title, dataset.version].filter((part) => part !== "").join(" ")}, ${counted(dataset.tasks, "task")}, SHA-256 ${dataset.sha256.slice(0, 12)}; post-processor ${postProcessor}; sandbox: ${sandbox.level}${sandbox.python ? `, Python ${sandbox.python.version} of ${sandbox.python.path}` : ""}`,
    ...new Set(runs.map(sourceText)),
    "",
  ];
  const isSweep = runs.length > 1;
  const rows = runs.flatMap((run) => run.suites.flatMap((suite) => suite.passAtK.map((figure) => row(result, run, suite, figure, isSweep))));
  const titles = [...(isSweep ? ["run"] : []), "tests", "k", "pass@k", "95 % interval", "tasks", "verdicts"];
  const lines = rows.length === 0 ? [nothingShown(runs)] : align([titles, ...rows]);
  return [
    ...head,
    ...lines,
    ...(isSweep ? sweepLines(runs) : []),
    ...parallelismLines(result),
    ...runs.flatMap((run) => leftOutLines(run, isSweep)),
  ].join("\n");
}

/** A table without a row: nothing was scored, or each k asks for more samples than a task has. */
function nothingShown(runs: readonly EvalRun[]): string {
  const isScored = runs.some(({ tasks }) => tasks.scored > 0);
  return isScored ? "No pass@k: no task has as many samples as the smallest k of ks." : "Nothing was scored.";
}

/** Where samples came from and how, in words. */
export function sourceText({ source }: Pick<EvalRun, "source">): string {
  if (source.kind === "file") return `samples: ${source.path}`;
  const sampler = Object.entries(source.sampler)
    .filter(([name]) => name !== "temperature")
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  return `model: ${source.dir} (SHA-256 ${source.sha256.slice(0, 12)}); template ${source.template}; ${[...sampler, `seed ${source.seed}`].join(", ")}`;
}

/** Samples by verdict, the most frequent first. */
export function verdictCounts(verdicts: SuiteSummary["verdicts"]): string {
  return Object.entries(verdicts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(", ");
}

/** Name of a suite: a benchmark with plus tests is two. */
export function suiteName(dataset: string, suite: SuiteSummary["suite"]): string {
  return suite === "base" ? dataset.replace(/\+$/, "") : dataset;
}

function row(
  { dataset }: EvalResult,
  { label }: EvalRun,
  { suite, verdicts }: SuiteSummary,
  { k, estimate, interval95: [low, high], tasks }: SuiteSummary["passAtK"][number],
  isSweep: boolean,
): string[] {
  const percent = (share: number): string => (share * 100).toFixed(1);
  const name = suiteName(dataset.name, suite);
  return [
    ...(isSweep ? [label] : []),
    name,
    String(k),
    `${percent(estimate)} %`,
    `${percent(low)} to ${percent(high)}`,
    `${tasks} of ${dataset.tasks}`,
    verdictCounts(verdicts),
  ];
}

/** The best of several runs is not the score of one run, and is not shown as one. */
function sweepLines(runs: readonly EvalRun[]): string[] {
  const suites = runs[0]?.suites ?? [];
  return suites.flatMap(({ suite }) => {
    const scores = runs.flatMap((run) =>
      run.suites
        .filter((other) => other.suite === suite)
        .flatMap(({ passAtK }) => passAtK.filter(({ k }) => k === 1).map(({ estimate }) => ({ label: run.label, estimate }))),
    );
    const best = scores.toSorted((a, b) => b.estimate - a.estimate)[0];
    if (best === undefined) return [];
    return [
      `${suite} tests: the highest pass@1 of a sweep of ${runs.length} is ${(best.estimate * 100).toFixed(1)} % (${best.label}); chosen on the test set, it is biased upwards`,
    ];
  });
}

/** What samples cost whatever the hardware, and accuracy under parallelism, where it is known. */
function parallelismLines({ runs, aup }: EvalResult): string[] {
  const costs = runs.flatMap(({ label, decoding }) => (decoding === undefined ? [] : [`${label}: ${decodingText(decoding)}`]));
  return [...costs, ...aup.map(({ method, suite, aup: value }) => `${suite} tests, ${method}: accuracy under parallelism ${value.toFixed(1)}`)];
}

/** Passes and tokens, in words. */
export function decodingText({ forwardPasses, tokensPerPass }: DecodingFigures): string {
  return `${forwardPasses.toFixed(1)} forward passes a sample, ${tokensPerPass.toFixed(2)} tokens a pass`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function leftOutLines({ label, leftOut, tasks }: EvalRun, isSweep: boolean): string[] {
  if (leftOut.length === 0) return [];
  const more = leftOut.length - SHOWN_LEFT_OUT;
  return [
    "",
    `Left out${isSweep ? ` of ${label}` : ""}; the score covers ${tasks.scored} of ${counted(tasks.all, "task")}:`,
    ...summariesFirst(leftOut)
      .slice(0, SHOWN_LEFT_OUT)
      .map(({ where, reason }) => `  ${where}: ${reason}`),
    ...(more > 0 ? [`  and ${more} more, which --json and the report list`] : []),
  ];
}

/** Entries about many tasks or samples first, then those about one. */
function summariesFirst(leftOut: EvalRun["leftOut"]): EvalRun["leftOut"] {
  const isSummary = ({ where }: { where: string }): number => Number(/^\d+ of \d+ /.test(where));
  return leftOut.toSorted((a, b) => isSummary(b) - isSummary(a));
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}
