import { createHash } from "node:crypto";
import { comparisonTable, comparisonView, conclusion } from "./comparison-view.ts";
import { curvesView } from "./curves-view.ts";
import { exampleView } from "./example-view.ts";
import { html, raw, withCode, type Html } from "./html.ts";
import { formatNumber, formatPercent, formatPoints, formatSeconds } from "./number-format.ts";
import type { QuickstartReportData } from "./report-data.ts";
import { script } from "./script.ts";
import { pageHead } from "./page-head.ts";
import { rowsTable, settingRows } from "./rows-table.ts";

// Models write arbitrary text. Every value is escaped; should that ever fail, this policy lets the page load nothing and
// run no script but its own.
const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; base-uri 'none'; form-action 'none'`;

// Byte for byte what the policy's hash was computed from, so no white space may come in from the template.
const scriptElement = raw(`<script>${script}</script>`);

/**
 * The report of the main job as one self-contained HTML file: charts are inline SVG, nothing is requested.
 *
 * It shows pass@1 and pass@k before and after with intervals, the training curves, tasks with the completions of both
 * models, the order in which the trained one revealed them and a verdict per test, and what it takes to run it again.
 *
 * @throws {InvalidArgumentError} if a reveal order is not consistent
 */
export function quickstartReport(data: QuickstartReportData): string {
  const { title, passAt1, passAtK, tasks, samplesPerTask, infrastructureFailures = 0 } = data;
  const comparisons = [{ k: 1, comparison: passAt1 }, ...(passAtK === undefined ? [] : [passAtK])];
  const top = Math.max(0.05, ...comparisons.flatMap(({ comparison }) => [comparison.beforeInterval95[1], comparison.afterInterval95[1]]));
  const [low, high] = passAt1.interval95.map(formatPoints);
  const delta = `${formatPoints(passAt1.difference)} points, 95 % interval ${low} to ${high}`;
  const page = html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy })}
      <body>
        <header>
          <h1>${title}</h1>
          <p class="headline">
            pass@1 <b class="before">${formatPercent(passAt1.before)}</b> → <b class="after">${formatPercent(passAt1.after)}</b>
            <span class="delta">${delta}</span>
          </p>
          <p>${conclusion(passAt1)}</p>
          <p class="muted">
            ${formatNumber(tasks)} held-out tasks, ${samplesPerTask} samples each, the same tasks before and after. Intervals are 95 % bootstrap
            intervals over tasks. Seed ${String(data.seed)},
            ${formatSeconds(data.seconds)}.${infrastructureFailures > 0 ? ` ${formatNumber(infrastructureFailures)} samples could not be scored and are left out.` : ""}
          </p>
        </header>
        <main>
          <section>
            <h2>Before and after</h2>
            <div class="pair">${comparisons.map((one) => comparisonView({ ...one, top }))}</div>
            ${comparisonTable(comparisons)}
          </section>
          <section>
            <h2>Training</h2>
            <p class="muted">Over the iterations of coupled-GRPO: thin, each iteration; bold, a moving mean.</p>
            ${curvesView(data.iterations)}
          </section>
          ${
            data.examples.length === 0
              ? null
              : html`<section>
                  <h2>The same tasks, before and after</h2>
                  ${data.examples.map(exampleView)}
                </section>`
          }
          ${howItWasMade(data)} ${whatToTryNext(data)}
        </main>
        ${scriptElement}
      </body>
    </html> `;
  return page.markup;
}

function howItWasMade({ seed, tasks, samplesPerTask, seconds, settings, environment, reproduce }: QuickstartReportData): Html {
  return html`<section>
    <h2>How it was made</h2>
    <div class="pair">
      ${settingsTable("Settings", { seed: String(seed), tasks, "samples per task": samplesPerTask, time: formatSeconds(seconds), ...settings })}
      ${environment === undefined ? null : settingsTable("Environment", environment)}
    </div>
    ${
      reproduce === undefined
        ? null
        : html`<h3>Run it again</h3>
            <pre tabindex="0">${reproduce.join("\n")}</pre>`
    }
  </section>`;
}

function whatToTryNext({ next }: QuickstartReportData): Html | null {
  return next.length === 0
    ? null
    : html`<section>
        <h2>What to try next</h2>
        <ul>
          ${next.map((item) => html`<li>${withCode(item)}</li>`)}
        </ul>
      </section>`;
}

function settingsTable(caption: string, settings: Readonly<Record<string, string | number>>): Html {
  return html`<div>
    <h3>${caption}</h3>
    ${rowsTable(settingRows(settings))}
  </div>`;
}
