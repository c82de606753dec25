import { POLICY } from "./experiment/experiment-report.ts";
import { html, type Html } from "./html.ts";
import { formatNumber } from "./number-format.ts";
import { pageHead } from "./page-head.ts";
import { scatterChart } from "./scatter-chart.ts";

/** An estimator of a completion's log-likelihood, measured. */
export interface EstimatorFigures {
  /** Its name in the table and the charts. */
  readonly name: string;
  /** Its family, of which its settings are members; at most five in all. */
  readonly family: string;
  /** Forward passes over a completion. */
  readonly passes: number;
  /** Standard deviation of the estimate over draws of its masks, nats. */
  readonly deviation: number;
  /** Mean estimate minus the exact evidence lower bound, nats. @default unknown: completions too long to be enumerated */
  readonly bias?: number | undefined;
  /** Noise of the masks in a policy gradient: its mean square by the square of the gradient that is left when it is averaged away. @default not measured */
  readonly gradientNoise?: number | undefined;
}

/** Estimators, measured on one network. */
export interface EstimatorsOnNetwork {
  /** Which network, what completions, how many draws; plain text. */
  readonly description: string;
  /** `coupled` and `decoupled` among them are compared. */
  readonly estimators: readonly EstimatorFigures[];
}

/** Estimators of log-likelihoods, measured: all that the page shows. */
export interface EstimatorsReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** Networks, each a section. */
  readonly networks: readonly EstimatorsOnNetwork[];
  /** Address of the experiment's page that this one stands beside. @default none */
  readonly experiment?: string | undefined;
}

const figures = [
  { key: "deviation", title: "Deviation against passes", what: "Deviation of a completion's estimate over draws of its masks, nats." },
  { key: "gradientNoise", title: "Gradient noise against passes", what: "Noise of the masks in a policy gradient by its signal, both squared." },
] as const;

/** Bias and variance of estimators against the passes that they take, as one self-contained HTML file. */
export function estimatorsReport({ title, networks, experiment }: EstimatorsReportData): string {
  const page = html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy: POLICY })}
      <body>
        <header>
          ${experiment === undefined ? null : html`<p class="muted"><a href="${experiment}">The experiment</a></p>`}
          <h1>${title}</h1>
        </header>
        <main>${networks.map(networkView)}</main>
      </body>
    </html> `;
  return page.markup;
}

function networkView({ description, estimators }: EstimatorsOnNetwork, section: number): Html {
  const families = [...new Set(estimators.map(({ family }) => family))];
  const measured = figures.filter(({ key }) => estimators.some((one) => one[key] !== undefined));
  return html`<section>
    <h2>${description}</h2>
    ${measured.map(({ key, what }) => verdict(estimators, key, what))}
    <div class="charts">
      ${measured.map(({ key, title, what }) =>
        scatterChart({
          id: `${key}-${section}`,
          title,
          description: `${what} The line joins what no other beats in both.`,
          xLabel: "forward passes of a completion",
          groups: families,
          better: "lower",
          format: formatNumber,
          points: estimators
            .filter((one) => one[key] !== undefined)
            .map((one) => ({ label: one.name, group: families.indexOf(one.family), x: one.passes, y: one[key]! })),
        }),
      )}
    </div>
    ${figuresTable(estimators)}
  </section>`;
}

/** Whether coupled masks vary less than decoupled ones for the same passes, said either way. */
function verdict(estimators: readonly EstimatorFigures[], key: (typeof figures)[number]["key"], what: string): Html | null {
  const of = (wanted: string): number | undefined => estimators.find(({ name }) => name === wanted)?.[key];
  const [coupled, decoupled] = [of("coupled"), of("decoupled")];
  if (coupled === undefined || decoupled === undefined) return null;
  const judged = coupled < decoupled ? "coupled masks reduce it" : "coupled masks do not reduce it";
  return html`<p>${what} Coupled ${formatNumber(coupled)}, decoupled ${formatNumber(decoupled)} for the same passes: <b>${judged}</b>.</p>`;
}

function figuresTable(estimators: readonly EstimatorFigures[]): Html {
  const cell = (value: number | undefined): string => (value === undefined ? "" : formatNumber(value));
  return html`<div class="scroll">
    <table class="numbers">
      <thead>
        <tr>
          <th>estimator</th>
          <th>passes</th>
          <th>bias to the bound, nats</th>
          <th>deviation, nats</th>
          <th>gradient noise</th>
        </tr>
      </thead>
      <tbody>
        ${estimators.map(
          ({ name, passes, bias, deviation, gradientNoise }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${formatNumber(passes)}</td>
              <td>${cell(bias)}</td>
              <td>${cell(deviation)}</td>
              <td>${cell(gradientNoise)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
