import { html } from "../html.ts";
import { pageHead } from "../page-head.ts";
import type { ExperimentReportData } from "./experiment-data.ts";
import { POLICY } from "./experiment-report.ts";
import { notReplicated } from "./not-replicated.ts";
import { VERDICTS } from "./prediction-text.ts";

/** The page that leads to all experiments; each lies in `NAME/index.html` beside it. */
export function experimentsIndex(experiments: readonly ExperimentReportData[]): string {
  const comparisons = experiments.flatMap((one) => one.comparisons.map((comparison) => ({ ...comparison, name: one.name })));
  return html`<!doctype html>
    <html lang="en">
      ${pageHead({ title: "DiffuCoder: experiments", policy: POLICY })}
      <body>
        <header>
          <h1>Experiments</h1>
          <p class="muted">
            Each was put down before it was run; its page shows that beside what came out. Made from the records in docs/experiments.
          </p>
        </header>
        <main>
          ${experiments.length === 0 ? html`<p>There is no experiment yet: docs/experiments/README.md says how to write one.</p>` : null}
          ${experiments.map(({ name, arms, plannedSeeds, comparisons: own }) => {
            const done = arms.reduce((sum, { seeds }) => sum + seeds.length, 0);
            const counts = Object.entries(VERDICTS).flatMap(([verdict, { text, tone }]) => {
              const count = own.filter((one) => one.verdict === verdict).length;
              return count === 0 ? [] : [html`<span class="badge ${tone}">${count} ${text}</span> `];
            });
            return html`<section>
              <h2><a href="${encodeURIComponent(name)}/index.html">${name}</a></h2>
              <p>${done} of ${arms.length * plannedSeeds.length} runs are recorded; predictions: ${counts}</p>
            </section>`;
          })}
          <section>
            <h2>What did not replicate</h2>
            ${notReplicated(comparisons)}
          </section>
        </main>
      </body>
    </html> `.markup;
}
