import { type Html, html } from "../html.ts";
import { intervalChart } from "../interval-chart.ts";
import { formatNumber, formatPercent, formatPoints, formatSeconds } from "../number-format.ts";
import { pageHead } from "../page-head.ts";
import { rowsTable } from "../rows-table.ts";
import { bandChart, bandLegend } from "./band-chart.ts";
import type { ExperimentReportData, ReportArm } from "./experiment-data.ts";
import { markdown } from "./markdown.ts";
import { notReplicated } from "./not-replicated.ts";
import { differenceText, predictionText, VERDICTS } from "./prediction-text.ts";

/** A page that loads nothing and runs nothing. */
export const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What the figures of a record's curve are. */
const MEANINGS: Readonly<Record<string, string>> = {
  reward: "Mean reward of the completions drawn in a step.",
  solved: "Share of the completions drawn in a step that pass all visible tests.",
  kl: "Mean KL divergence to the reference policy, nats per token.",
  gradNorm: "Global norm of the gradient before clipping.",
  clipRatio: "Share of ratios that were clipped.",
  completionLength: "Mean length of a completion, tokens.",
  networkTokens: "Tokens that went forward through the network in a step.",
};

/** An experiment as one self-contained page: what was predicted beside what came out. */
export function experimentReport(data: ExperimentReportData): string {
  const { name, registration, arms, plannedSeeds, pages } = data;
  const done = arms.reduce((sum, { seeds }) => sum + seeds.length, 0);
  return html`<!doctype html>
    <html lang="en">
      ${pageHead({ title: name, policy: POLICY })}
      <body>
        <header>
          <p class="muted"><a href="../index.html">All experiments</a></p>
          <h1>${name}</h1>
          <p class="muted">
            ${done} of ${arms.length * plannedSeeds.length} runs are recorded: ${arms.length} arms, seeds ${plannedSeeds.join(", ")}.
          </p>
        </header>
        <main>
          <div class="sides">
            <section aria-label="Put down before the runs">
              <h2>Put down before the runs</h2>
              <div class="card">${markdown(registration)}</div>
            </section>
            <section aria-label="What came out">
              <h2>What came out</h2>
              ${verdicts(data)}
            </section>
          </div>
          ${done === 0 ? html`<p>No run is recorded yet: the command below makes the first.</p>` : figures(data)}
          ${
            pages.length === 0
              ? null
              : html`<section>
                  <h2>More of this experiment</h2>
                  <ul>
                    ${pages.map(({ title, href }) => html`<li><a href="${href}">${title}</a></li>`)}
                  </ul>
                </section>`
          }
          ${howItWasMade(data)}
        </main>
      </body>
    </html> `.markup;
}

function verdicts({ comparisons }: ExperimentReportData): Html {
  const rows = comparisons.map((one) => {
    const { text, tone } = VERDICTS[one.verdict];
    const { computeRatio, isEqualCompute, tasks, seeds } = one;
    const compute =
      computeRatio === undefined
        ? null
        : html` ${isEqualCompute === true ? "Equal compute" : "Unequal compute"}: ${computeRatio.toFixed(3)} times the tokens.`;
    return html`<li>
      ${predictionText(one)}: <span class="badge ${tone}">${text}</span>
      <span class="muted">${differenceText(one)}; ${tasks} tasks, ${seeds} seeds.${compute}</span>
    </li>`;
  });
  const measured = comparisons.flatMap((one) => (one.difference === undefined ? [] : [{ ...one, difference: one.difference }]));
  const ends = measured.flatMap(({ difference }) => difference.interval95);
  return html`<ul class="verdicts">
      ${rows}
    </ul>
    ${
      measured.length === 0
        ? null
        : html`<div class="card">
            <h3>Differences of pass@k, points</h3>
            ${intervalChart({
              id: "differences",
              title: "Paired differences of pass@k with their 95 % intervals",
              rows: measured.map(({ arm, against, evaluation, k, difference: { estimate, interval95 } }) => ({
                label: `${arm} − ${against}, ${evaluation}, pass@${k}`,
                text: formatPoints(estimate),
                value: estimate,
                interval: interval95,
                tone: "difference",
              })),
              domain: [Math.min(-0.01, ...ends), Math.max(0.01, ...ends)],
              formatTick: (value) => (value === 0 ? "0" : formatPoints(value).replace(/\.0$/, "")),
            })}
            <p class="muted">Intervals: 95 %, by a bootstrap over tasks and seeds, paired by both.</p>
          </div>`
    }
    <h3>What did not replicate</h3>
    ${notReplicated(comparisons)}`;
}

function figures(data: ExperimentReportData): Html {
  const { arms, plannedSeeds, curves } = data;
  const evaluations = [...new Set(arms.flatMap(({ passAtK }) => passAtK.map(({ evaluation }) => evaluation)))];
  const trained = arms.filter(({ networkTokens }) => networkTokens > 0).map(({ arm }) => arm);
  return html`<section>
      <h2>Arms</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              ${["arm", "what it is", "seeds", "tokens of a training", "time of a run", "of the processor"].map((title) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${arms.map(
              ({ arm, note, seeds, networkTokens, seconds, processorSeconds }) =>
                html`<tr>
                  <th scope="row">${arm}</th>
                  <td>${note}</td>
                  <td>${seeds.length} of ${plannedSeeds.length}</td>
                  <td>${networkTokens === 0 ? "none" : formatNumber(Math.round(networkTokens))}</td>
                  <td>${formatSeconds(seconds)}</td>
                  <td>${formatSeconds(processorSeconds)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
    <section>
      <h2>pass@k</h2>
      ${evaluations.map((evaluation) => passTable(evaluation, arms))}
      <p class="muted">Means over tasks and seeds; in brackets, 95 % intervals of a bootstrap over both.</p>
    </section>
    ${
      curves.length === 0
        ? null
        : html`<section>
            <h2>Learning curves</h2>
            <p class="muted">
              A line is the mean over seeds, a band goes from the lowest seed to the highest; each run is smoothed by a moving mean.
            </p>
            ${bandLegend(trained)}
            <div class="charts">
              ${curves.map(({ figure, arms: lines }) =>
                bandChart({
                  id: `curve-${figure}`,
                  title: figure,
                  description: MEANINGS[figure] ?? `${figure} of each step.`,
                  arms: lines,
                  seriesOf: (arm) => Math.max(0, trained.indexOf(arm)),
                }),
              )}
            </div>
          </section>`
    }`;
}

function passTable(evaluation: string, arms: readonly ReportArm[]): Html {
  const ks = [...new Set(arms.flatMap(({ passAtK }) => passAtK.flatMap((one) => (one.evaluation === evaluation ? [one.k] : []))))];
  const cell = ({ passAtK }: ReportArm, k: number): Html => {
    const one = passAtK.find((other) => other.evaluation === evaluation && other.k === k);
    if (one === undefined) return html`<td>-</td>`;
    const [low, high] = one.interval95.map((end) => (end * 100).toFixed(1));
    return html`<td>${formatPercent(one.estimate)} <span class="muted">(${low} to ${high})</span></td>`;
  };
  const tasks = Math.max(...arms.flatMap(({ passAtK }) => passAtK.flatMap((one) => (one.evaluation === evaluation ? [one.tasks] : []))));
  return html`<h3>${evaluation}</h3>
    <p class="muted">${formatNumber(tasks)} tasks.</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">arm</th>
            ${ks.map((k) => html`<th scope="col">pass@${k}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${arms.map(
            (arm) =>
              html`<tr>
                <th scope="row">${arm.arm}</th>
                ${ks.map((k) => cell(arm, k))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function howItWasMade({ dates, machines, commits, commands }: ExperimentReportData): Html {
  const rows: [string, string][] = [
    ["recorded", dates === undefined ? "nothing yet" : dates[0] === dates[1] ? dates[0] : `${dates[0]} to ${dates[1]}`],
    ["machine", machines.length === 0 ? "-" : machines.join("; ")],
    ["commit", commits.length === 0 ? "-" : commits.join(", ")],
  ];
  return html`<section>
    <h2>How it was made</h2>
    ${rowsTable(rows)}
    <h3>Run it again</h3>
    <pre tabindex="0">${commands.join("\n")}</pre>
  </section>`;
}
