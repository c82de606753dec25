import { type PythonInfo, pythonSource } from "@diffucoder/reward-sandbox";
import { solutionProgram, type Task } from "@diffucoder/tasks";
import type { EvalResult, EvalRun, FailedTest, ScoredSample, SuiteScore, SuiteSummary } from "@diffucoder/eval";
import { decodingText, sourceText, suiteName, verdictCounts } from "./eval-table.ts";
import { html, type Html } from "./html.ts";
import { formatNumber, formatPercent } from "./number-format.ts";
import { pageHead } from "./page-head.ts";
import { rowsTable } from "./rows-table.ts";

// Models write arbitrary text. Every value is escaped; should that ever fail, this policy lets the page load and run nothing.
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Failures that the page shows; the JSON has them all. */
const SHOWN_FAILURES = 200;
/** Characters of a program or a value that it shows. */
const SHOWN_TEXT = 6000;
const SHOWN_VALUE = 400;

/**
 * An evaluation as one self-contained HTML file: scores with intervals, what they were measured with, and each failed sample with
 * its task beside its failed tests, with expected and actual results.
 *
 * @param tasks of the dataset, for the texts
 */
export function evalReport(result: EvalResult, tasks: readonly Task[]): string {
  const { dataset, runs } = result;
  const title = `${dataset.title}: ${runs.length > 1 ? `a sweep of ${runs.length}` : sourceText(runs[0]!)}`;
  const byId = new Map(tasks.map((task) => [task.id, task]));
  return html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy })}
      <body>
        <header><h1>${title}</h1></header>
        <main>
          <section>
            <h2>Scores</h2>
            ${scoreTable(result)} ${parallelismView(result)}
            ${runs.length > 1 ? html`<p>Several settings were tried on the test set: do not quote the best row as the score of one setting.</p>` : null}
          </section>
          <section>
            <h2>How they were measured</h2>
            ${settingsTable(result)}
          </section>
          ${runs.map((run) => leftOutView(run))} ${runs.map((run) => failuresView(run, byId))}
        </main>
      </body>
    </html> `.markup;
}

function scoreTable({ dataset, runs }: EvalResult): Html {
  const row = (run: EvalRun, { suite, verdicts }: SuiteSummary, figure: SuiteSummary["passAtK"][number]): Html => {
    const [low, high] = figure.interval95.map(formatPercent);
    return html`<tr>
      <td>${run.label}</td>
      <td>${suiteName(dataset.name, suite)}</td>
      <td>pass@${figure.k}</td>
      <td><b>${formatPercent(figure.estimate)}</b></td>
      <td>${low} to ${high}</td>
      <td>${figure.tasks} of ${dataset.tasks}</td>
      <td>${verdictCounts(verdicts)}</td>
    </tr>`;
  };
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th>Run</th>
          <th>Tests</th>
          <th></th>
          <th>Estimate</th>
          <th>95 % interval</th>
          <th>Tasks</th>
          <th>Verdicts</th>
        </tr>
      </thead>
      <tbody>
        ${runs.flatMap((run) => run.suites.flatMap((suite) => suite.passAtK.map((figure) => row(run, suite, figure))))}
      </tbody>
    </table>
  </div>`;
}

/** What samples cost whatever the hardware, and accuracy under parallelism (d3LLM, arXiv 2601.07568). */
function parallelismView({ runs, aup }: EvalResult): Html | null {
  const costs = runs.flatMap(({ label, decoding }): [string, string][] => (decoding === undefined ? [] : [[label, decodingText(decoding)]]));
  const figures = aup.map(({ method, suite, aup: value }): [string, string] => [`${method}, ${suite} tests`, value.toFixed(1)]);
  if (costs.length === 0) return null;
  return html`<h3>Cost, whatever the hardware</h3>
    ${rowsTable(costs)}
    <h3>Accuracy under parallelism</h3>
    <p class="muted">Percent of the tasks times tokens of an answer for a forward pass, along the runs that differ in steps or threshold only.</p>
    ${rowsTable(figures)}`;
}

function settingsTable(result: EvalResult): Html {
  const { dataset, postProcessor, rules, limits, sandbox, seed, runs } = result;
  const rows: [string, string][] = [
    ["dataset", `${dataset.title} ${dataset.version}, ${dataset.tasks} tasks, SHA-256 ${dataset.sha256}`],
    ["post-processor", postProcessor],
    ["rules", rules],
    [
      "limits",
      Object.entries(limits)
        .map(([name, value]) => `${name} ${formatNumber(value)}`)
        .join(", "),
    ],
    ["sandbox", sandbox.description],
    ...(sandbox.python ? [["libraries", librariesText(sandbox.python)] as [string, string]] : []),
    ["seed of the intervals", String(seed)],
    ...runs.map((run): [string, string] => [runs.length === 1 ? "source" : run.label, sourceText(run)]),
  ];
  return rowsTable(rows);
}

const librariesText = ({ libraries }: PythonInfo): string =>
  Object.entries(libraries)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");

function leftOutView({ label, leftOut, tasks }: EvalRun): Html | null {
  if (leftOut.length === 0) return null;
  return html`<section>
    <h2>Left out of ${label}</h2>
    <p>The score covers ${tasks.scored} of ${tasks.all} tasks.</p>
    <div class="scroll tall">
      <table>
        <tbody>
          ${leftOut.map(
            ({ where, reason }) =>
              html`<tr>
                <th scope="row">${where}</th>
                <td>${reason}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

type TasksById = ReadonlyMap<string, Task>;

function failuresView({ label, samples }: EvalRun, byId: TasksById): Html {
  const failed = samples.filter(({ score }) => strictest(score).verdict !== "pass");
  return html`<section>
    <h2>Failures of ${label}</h2>
    <p class="muted">
      ${failed.length} of ${samples.length} samples${failed.length > SHOWN_FAILURES ? `; the first ${SHOWN_FAILURES} are shown` : ""}. Not all tests
      after a failure are run.
    </p>
    ${failed.slice(0, SHOWN_FAILURES).map((sample) => failureView(sample, byId))}
  </section>`;
}

function strictest({ base, plus }: ScoredSample["score"]): SuiteScore {
  return base.verdict === "pass" ? (plus ?? base) : base;
}

function failureView(sample: ScoredSample, byId: TasksById): Html {
  const { verdict, failures } = strictest(sample.score);
  const task = byId.get(sample.taskId);
  const solution = task && solutionProgram(task);
  return html`<article class="card">
    <h3>
      ${sample.taskId} <span class="badge bad">✗ ${verdict}</span>
      <span class="muted">
        sample
        ${sample.line}${sample.score.base.verdict === "pass" ? ", passes the base tests" : ""}${sample.score.trust === "low" ? ", low trust" : ""}
      </span>
    </h3>
    <div class="example">
      <div>
        <h4>Program</h4>
        ${codeView(sample.program)}
        ${sample.program === sample.raw || sample.kind === "completion" ? null : folded("As the model wrote it", sample.raw)}
        ${solution === undefined ? null : folded("The task's own solution", solution)}
      </div>
      <div>
        <h4>Failed tests</h4>
        ${failures.map((failure) => testView(failure, task?.entryPoint ?? ""))}
      </div>
    </div>
  </article>`;
}

function codeView(code: string): Html {
  return code.trim() === "" ? html`<p class="muted">Empty.</p>` : html`<pre tabindex="0">${clip(code, SHOWN_TEXT)}</pre>`;
}

function folded(title: string, code: string): Html {
  return html`<details>
    <summary>${title}</summary>
    ${codeView(code)}
  </details>`;
}

function testView({ test, verdict, input, expected, got, detail }: FailedTest, entryPoint: string): Html {
  const value = (item: unknown): string => clip(pythonSource(item), SHOWN_VALUE);
  const rows: [string, string][] =
    input === undefined
      ? [["Test", clip(test, SHOWN_VALUE)]]
      : [
          ["Call", `${entryPoint}(${clip(input.map(value).join(", "), SHOWN_VALUE)})`],
          ["Expected", value(expected)],
        ];
  rows.push(got === undefined ? [verdict, detail ?? ""] : ["Got", value(got)]);
  return rowsTable(rows.map(([name, text]) => [name, html`<code>${text}</code>`]));
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)} ... (${text.length} characters)`;
}
