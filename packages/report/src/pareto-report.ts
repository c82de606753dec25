import type { Interval } from "@diffucoder/eval";
import { html, type Html } from "./html.ts";
import { formatNumber, formatPercent, formatPoints } from "./number-format.ts";
import { paretoFront, scatterChart } from "./scatter-chart.ts";
import { pageHead } from "./page-head.ts";
import { rowsTable } from "./rows-table.ts";

/** One way to decode, and what it costs; costs are means over completions. */
export interface DecodingSetting {
  /** Its name in the table and the charts. */
  readonly name: string;
  /** Its group in the charts, e.g. the kind of its cache. */
  readonly group: string;
  /** pass@1, a share in [0, 1]. */
  readonly passAt1: number;
  /** 95 % interval of `passAt1` over tasks. */
  readonly interval95: Interval;
  /** Forward passes. */
  readonly forwardPasses: number;
  /** Tokens that went through the network. */
  readonly forwardTokens: number;
  /** Tokens of an answer, its end token included, for a forward pass. */
  readonly tokensPerPass: number;
  /** Tasks that it was measured on. */
  readonly tasks: number;
  /** Wall-clock milliseconds. */
  readonly milliseconds: number;
}

/** Decoding settings, measured: all that the page shows. */
export interface ParetoReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** What was decoded, on what; plain text. */
  readonly description: string;
  /** The others are compared with the first. */
  readonly settings: readonly DecodingSetting[];
  /** Accuracy under parallelism of each method, over its settings. @default not shown */
  readonly methods?: readonly {
    /** What its settings have in common. */
    readonly name: string;
    /** As `accuracyUnderParallelism` of `@diffucoder/eval` gives it. */
    readonly aup: number;
  }[];
  /** The first setting and one that was chosen beforehand, on other tasks, with the paired difference of pass@1. */
  readonly confirmation?: {
    /** Tasks on which the two were compared. */
    readonly tasks: number;
    /** The first setting, measured on them. */
    readonly baseline: DecodingSetting;
    /** The chosen setting, measured on them. */
    readonly chosen: DecodingSetting;
    /** pass@1 of `chosen` minus that of `baseline`. */
    readonly difference: number;
    /** 95 % interval of the difference, by paired bootstrap over tasks. */
    readonly interval95: Interval;
  };
}

const costs = [
  { key: "forwardPasses", title: "pass@1 against forward passes", xLabel: "forward passes of a completion" },
  { key: "forwardTokens", title: "pass@1 against forward-pass tokens", xLabel: "tokens through the network, for a completion" },
  { key: "milliseconds", title: "pass@1 against time", xLabel: "milliseconds of a completion" },
] as const;

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What decoding settings achieve and cost, as one self-contained HTML file: three charts and their table. */
export function paretoReport({ title, description, settings, methods, confirmation }: ParetoReportData): string {
  const groups = [...new Set(settings.map(({ group }) => group))];
  const page = html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy })}
      <body>
        <header>
          <h1>${title}</h1>
          <p>${description}</p>
          ${confirmation === undefined ? null : confirmed(confirmation)}
        </header>
        <main>
          <section>
            <h2>Quality and cost</h2>
            <div class="charts">
              ${costs.map(({ key, title: name, xLabel }) =>
                scatterChart({
                  id: key,
                  title: name,
                  description: "Bars are 95 % intervals over tasks; the line joins the settings that no other beats in both.",
                  xLabel,
                  groups,
                  points: settings.map((setting) => ({
                    label: setting.name,
                    group: groups.indexOf(setting.group),
                    x: setting[key],
                    y: setting.passAt1,
                    interval95: setting.interval95,
                  })),
                }),
              )}
            </div>
          </section>
          <section>
            <h2>All settings</h2>
            <p class="muted">Ratios are relative to the first setting. Bold: no setting has a higher pass@1 for as few tokens through the network.</p>
            ${settingsTable(settings)}
          </section>
          ${methods === undefined ? null : methodsView(methods)}
        </main>
      </body>
    </html> `;
  return page.markup;
}

function confirmed({ tasks, baseline, chosen, difference, interval95 }: NonNullable<ParetoReportData["confirmation"]>): Html {
  const [low, high] = interval95.map(formatPoints);
  const times = (key: "forwardTokens" | "milliseconds"): string => formatNumber(baseline[key] / chosen[key]);
  return html`<p class="headline">
      <b class="after">${times("milliseconds")}x</b> the speed, <b class="after">${times("forwardTokens")}x</b> fewer tokens through the network
      <span class="delta"
        >pass@1 ${formatPercent(baseline.passAt1)} → ${formatPercent(chosen.passAt1)}, paired difference ${formatPoints(difference)} points (95 %
        interval ${low} to ${high})</span
      >
    </p>
    <p>${chosen.name} against ${baseline.name}, on ${formatNumber(tasks)} tasks other than those below, which the setting was chosen on.</p>`;
}

function methodsView(methods: NonNullable<ParetoReportData["methods"]>): Html {
  return html`<section>
    <h2>Accuracy under parallelism</h2>
    <p class="muted">
      Percent of the tasks times tokens of an answer for a forward pass, along the settings of a method, less where accuracy is lost (d3LLM, arXiv
      2601.07568). It depends on no hardware.
    </p>
    ${rowsTable(
      methods.map(({ name, aup }) => [name, aup.toFixed(1)]),
      "numbers",
    )}
  </section>`;
}

function settingsTable(settings: readonly DecodingSetting[]): Html {
  const [first] = settings as readonly [DecodingSetting];
  const front = new Set(
    paretoFront(settings.map((setting) => ({ setting, x: setting.forwardTokens, y: setting.passAt1 }))).map(({ setting }) => setting),
  );
  const ratio = (value: number, of: number): string => `${formatNumber(value)} (${(value / of).toFixed(2)})`;
  return html`<div class="scroll">
    <table class="numbers">
      <thead>
        <tr>
          <th>setting</th>
          <th>pass@1</th>
          <th>tasks</th>
          <th>forward passes</th>
          <th>tokens a pass</th>
          <th>forward-pass tokens</th>
          <th>milliseconds</th>
        </tr>
      </thead>
      <tbody>
        ${settings.map((setting) => {
          const { name, passAt1, interval95, tasks, forwardPasses, tokensPerPass, forwardTokens, milliseconds } = setting;
          return html`<tr>
            <th scope="row">${front.has(setting) ? html`<b>${name}</b>` : name}</th>
            <td>${formatPercent(passAt1)} (${interval95.map((value) => (value * 100).toFixed(1)).join(" to ")})</td>
            <td>${formatNumber(tasks)}</td>
            <td>${ratio(forwardPasses, first.forwardPasses)}</td>
            <td>${tokensPerPass.toFixed(2)}</td>
            <td>${ratio(forwardTokens, first.forwardTokens)}</td>
            <td>${ratio(milliseconds, first.milliseconds)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
