import { type Html, html } from "./html.ts";
import { lineChart } from "./line-chart.ts";
import { formatNumber } from "./number-format.ts";
import { pageHead } from "./page-head.ts";
import { rowsTable, settingRows } from "./rows-table.ts";

/** A training run: all that the page shows. */
export interface TrainingReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** Settings by their path, plain text or numbers. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** A line for each step, and for each evaluation one whose figures begin with `eval`. */
  readonly metrics: readonly Readonly<Record<string, number>>[];
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Descriptions of known figures. Others are shown with their name alone. */
const meanings: Readonly<Record<string, string>> = {
  reward: "Mean weighted reward of the completions drawn in a step.",
  loss: "The objective, to be minimised.",
  kl: "Mean KL divergence to the reference policy, nats per token.",
  clipRatio: "Share of tokens whose probability ratio was clipped.",
  gradNorm: "Global norm of the gradient before clipping.",
  completionLength: "Mean length of a completion, tokens.",
  informativeGroups: "Share of groups whose rewards differ.",
  networkTokens: "Tokens that went forward through the network: rollouts, estimates and updates, padding included.",
  learningRate: "Learning rate of the step.",
  seconds: "Seconds of the step.",
  evalPassAt1: "pass@1 on held-out tasks.",
  evalLoss: "Loss of the last stage on held-out examples, nats per token.",
  evalAccuracy: "Share of the held-out examples' masked tokens that the model would fill in right.",
};

/** The report of a training run as one self-contained HTML file: a chart for each figure, the settings, and the last figures. */
export function trainingReport({ title, settings, metrics }: TrainingReportData): string {
  const names = [...new Set(metrics.flatMap((line) => Object.keys(line)))].filter((name) => name !== "step");
  const inOrder = [...names.filter((name) => name.startsWith("eval")), ...names.filter((name) => !name.startsWith("eval"))];
  const page = html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy })}
      <body>
        <header>
          <h1>${title}</h1>
          <p class="muted">${formatNumber(Math.max(0, ...metrics.map(({ step }) => step ?? 0)))} steps. Thin: each step; bold: a moving mean.</p>
        </header>
        <main>
          <section>
            <h2>Curves</h2>
            <div class="charts">${inOrder.map((name) => curve(name, metrics))}</div>
          </section>
          <section>
            <h2>Settings</h2>
            ${rowsTable(settingRows(settings))}
          </section>
        </main>
      </body>
    </html>`;
  return page.markup;
}

function curve(name: string, metrics: TrainingReportData["metrics"]): Html {
  const lines = metrics.filter((line) => line[name] !== undefined);
  return lineChart({
    id: `curve-${name.replaceAll(/\W/g, "-")}`,
    title: name,
    description: meanings[name] ?? `${name} of each step.`,
    xLabel: "step",
    x: lines.map(({ step }) => step!),
    y: lines.map((line) => line[name]!),
  });
}
