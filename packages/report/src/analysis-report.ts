import type { Estimate, Interval } from "@diffucoder/eval";
import { html, type Html } from "./html.ts";
import { intervalChart } from "./interval-chart.ts";
import { lineChart } from "./line-chart.ts";
import { formatNumber, formatPercent } from "./number-format.ts";
import { pageHead } from "./page-head.ts";
import { rowsTable } from "./rows-table.ts";

/** A figure of a finding: estimates with their intervals, or a curve. */
export type AnalysisFigure =
  | {
      /** Estimates, one below the other. */
      readonly kind: "intervals";
      /** What they are. */
      readonly title: string;
      /** Shares are shown in percent, on an axis from 0 to 100 %. */
      readonly unit: "share" | "number";
      /** From the top. */
      readonly rows: readonly {
        /** What it is of. */
        readonly label: string;
        /** The estimate. */
        readonly estimate: number;
        /** 95 % interval over tasks. */
        readonly interval95: Interval;
        /** Its color. @default "after" */
        readonly tone?: "before" | "after";
      }[];
    }
  | {
      /** One value for each position of an axis. */
      readonly kind: "curve";
      /** What it is. */
      readonly title: string;
      /** One sentence: what is measured, in which unit. */
      readonly description: string;
      /** Of the horizontal axis. */
      readonly xLabel: string;
      /** Ascending. */
      readonly x: readonly number[];
      /** One for each of `x`. */
      readonly y: readonly number[];
    };

/** Something that the paper found, and what the data at hand say about it. */
export interface AnalysisFinding {
  /** Unique in the analysis. */
  readonly id: string;
  /** In a few words. */
  readonly title: string;
  /** What the paper says, one sentence. */
  readonly paper: string;
  /** `"undecided"`: the interval allows both; `"not measured"`: what it takes was not given. */
  readonly verdict: "holds" | "does not hold" | "undecided" | "not measured";
  /** What was measured, and whether the paper's finding holds in it. */
  readonly sentences: readonly [measured: string, conclusion: string];
  /** What was measured, drawn. */
  readonly figures: readonly AnalysisFigure[];
}

/** One model at one setting on one data set, means over tasks. */
export interface AnalyzedRun {
  /** Its name in findings and tables. */
  readonly name: string;
  /** Tasks that it answered. */
  readonly tasks: number;
  /** Samples of all tasks. */
  readonly samples: number;
  /** Local AR-ness for each k. */
  readonly local: readonly (Estimate & {
    /** Its k. */
    readonly k: number;
  })[];
  /** Global AR-ness for each k. */
  readonly global: readonly (Estimate & {
    /** Its k. */
    readonly k: number;
    /** What random orders of the same lengths have on average. */
    readonly random: number;
  })[];
  /** Of the distributions that revealed tokens were drawn from, nats. */
  readonly entropy: Estimate;
  /** Tokens committed for each forward pass. */
  readonly tokensPerPass: Estimate;
  /** Tokens before the end of the answer. @default not known */
  readonly answerLength?: Estimate;
  /** Kendall's tau of distance from the prompt and entropy at the first pass. @default not known */
  readonly entropySink?: Estimate;
  /** Kendall's tau between the orders of a task's samples. @default there are not several, or none can be compared */
  readonly orderTau?: Estimate;
  /** Entropy of the position at each rank over a task's samples, nats. @default there are not several */
  readonly orderEntropy?: Estimate;
  /** pass@k. @default not scored */
  readonly passAtK?: readonly (Estimate & {
    /** Its k. */
    readonly k: number;
  })[];
}

/** An analysis of decoding orders: all that the page shows. */
export interface AnalysisReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** What was analyzed, and with which conventions; plain text. */
  readonly description: string;
  /** What the paper found, and what holds. */
  readonly findings: readonly AnalysisFinding[];
  /** All that was measured. */
  readonly runs: readonly AnalyzedRun[];
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** An analysis of decoding orders as one self-contained HTML file: a section for each finding, and a table of all figures. */
export function analysisReport({ title, description, findings, runs }: AnalysisReportData): string {
  const measured = findings.filter(({ verdict }) => verdict !== "not measured");
  const open = findings.filter(({ verdict }) => verdict === "not measured");
  return html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy })}
      <body>
        <header>
          <h1>${title}</h1>
          <p class="muted">${description}</p>
        </header>
        <main>
          ${measured.map(findingView)} ${open.length > 0 ? notMeasured(open) : null}
          <section>
            <h2>All figures</h2>
            <p class="muted">Means over tasks; in brackets, 95 % intervals of a bootstrap over tasks.</p>
            <div class="charts">${runs.map(runTable)}</div>
          </section>
        </main>
      </body>
    </html> `.markup;
}

const tones = { holds: "good", "does not hold": "bad", undecided: "muted", "not measured": "muted" } as const;

function findingView({ id, title, paper, verdict, sentences, figures }: AnalysisFinding): Html {
  return html`<section>
    <h2>${title} <span class="badge ${tones[verdict]}">${verdict}</span></h2>
    <p class="muted">The paper: ${paper}</p>
    <p>${sentences.join(" ")}</p>
    <div class="charts">${figures.map((figure, i) => figureView(figure, `${id}-${i}`))}</div>
  </section>`;
}

function figureView(figure: AnalysisFigure, id: string): Html {
  if (figure.kind === "curve") return lineChart({ id, ...figure });
  const { title, unit, rows } = figure;
  const ends = rows.flatMap(({ interval95 }) => interval95);
  const format = unit === "share" ? formatPercent : formatNumber;
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    ${intervalChart({
      id,
      title,
      rows: rows.map(({ label, estimate, interval95, tone = "after" }) => ({
        label,
        text: format(estimate),
        value: estimate,
        interval: interval95,
        tone,
      })),
      domain: unit === "share" ? [0, 1] : [Math.min(0, ...ends), Math.max(0, ...ends)],
      formatTick: unit === "share" ? (value) => `${Math.round(value * 100)} %` : formatNumber,
    })}
  </figure>`;
}

function notMeasured(findings: readonly AnalysisFinding[]): Html {
  return html`<section>
    <h2>Not measured</h2>
    <ul>
      ${findings.map(({ paper, sentences: [, wayOut] }) => html`<li>${paper} <span class="muted">${wayOut}</span></li>`)}
    </ul>
  </section>`;
}

function runTable(run: AnalyzedRun): Html {
  const number = ({ estimate, interval95: [low, high] }: Estimate): string =>
    `${formatNumber(estimate)} (${formatNumber(low)} to ${formatNumber(high)})`;
  const share = ({ estimate, interval95 }: Estimate): string =>
    `${formatPercent(estimate)} (${interval95.map((value) => (value * 100).toFixed(1)).join(" to ")})`;
  const rows: [string, string][] = [
    ...run.local.map((one): [string, string] => [`local AR-ness@${one.k}`, share(one)]),
    ...run.global.map((one): [string, string] => [`global AR-ness@${one.k}`, share(one)]),
    ["entropy at revealed tokens, nats", number(run.entropy)],
    ["tokens per pass", number(run.tokensPerPass)],
    ...optional("tokens of an answer", run.answerLength, number),
    ...optional("entropy sink, tau", run.entropySink, number),
    ...optional("tau between samples", run.orderTau, number),
    ...optional("entropy of orders, nats", run.orderEntropy, number),
    ...(run.passAtK ?? []).map((one): [string, string] => [`pass@${one.k}`, share(one)]),
  ];
  return html`<div>
    <h3>${run.name}</h3>
    <p class="muted">${formatNumber(run.tasks)} tasks, ${formatNumber(run.samples)} samples</p>
    ${rowsTable(rows, "figures")}
  </div>`;
}

function optional(name: string, value: Estimate | undefined, format: (value: Estimate) => string): [string, string][] {
  return value === undefined ? [] : [[name, format(value)]];
}
