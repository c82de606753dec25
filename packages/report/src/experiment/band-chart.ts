// Curves of several arms: for each a line, the mean over its seeds, on a band from the lowest to the highest seed.
import { format } from "d3-format";
import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import { chartFrame, emptyChart, round } from "../chart-frame.ts";
import { html, type Html } from "../html.ts";
import { movingMean, smoothingWindow } from "../line-chart.ts";
import { formatNumber } from "../number-format.ts";
import type { ReportCurve } from "./experiment-data.ts";

/** What a band chart shows. */
export interface BandChartOptions {
  /** Unique in the page. */
  id: string;
  title: string;
  /** One sentence: what is measured, in which unit. */
  description: string;
  arms: ReportCurve["arms"];
  /** Place of an arm among all arms: it has the same color and dashes in every chart. */
  seriesOf: (arm: string) => number;
}

const { width, height, left, right, top, bottom } = chartFrame;

/** `400k`, `1.2M`: what fits beside the axis. */
const short = format(".3~s");

interface Series {
  arm: string;
  mean: number[];
  low: number[];
  high: number[];
}

/** Curves as inline SVG. A run is smoothed by a moving mean before seeds are put together. */
export function bandChart({ id, title, description, arms, seriesOf }: BandChartOptions): Html {
  const series = arms.map(({ arm, runs }) => overSeeds(arm, runs)).filter(({ mean }) => mean.some(Number.isFinite));
  const finite = series.flatMap(({ low, high }) => [...low, ...high]).filter(Number.isFinite);
  if (finite.length === 0) return emptyChart(title);
  const steps = Math.max(2, ...series.map(({ mean }) => mean.length));
  const x = scaleLinear([1, steps], [left, right]);
  const [lowest, highest] = [Math.min(...finite), Math.max(...finite)];
  const y = scaleLinear([lowest, highest > lowest ? highest : lowest + (Math.abs(lowest) / 10 || 1)], [bottom, top]).nice(4);
  const ends = series.map(({ arm, mean }) => `${arm} ${formatNumber(mean.findLast(Number.isFinite)!)}`);
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
      <title id="${id}-title">${title}</title>
      <desc id="${id}-desc">${description} At the end: ${ends.join(", ")}.</desc>
      ${y.ticks(4).map((tick) => html`<path class="grid" d="M${left} ${round(y(tick))}H${right}" /><text class="tick" text-anchor="end" x="${left - 7}" y="${round(y(tick)) + 4}">${Math.abs(tick) >= 10_000 ? short(tick) : formatNumber(tick)}</text>`)}
      ${x
        .ticks(5)
        .filter(Number.isInteger)
        .map((tick) => html`<text class="tick" text-anchor="middle" x="${round(x(tick))}" y="${bottom + 18}">${formatNumber(tick)}</text>`)}
      <text class="tick" text-anchor="middle" x="${(left + right) / 2}" y="${height - 3}">step</text>
      ${series.map((one) => bandOf(one, { x, y, series: seriesOf(one.arm) }))}
    </svg>
    <p class="muted">${description}</p>
  </figure>`;
}

function bandOf({ mean, low, high }: Series, { x, y, series }: { x: (at: number) => number; y: (at: number) => number; series: number }): Html {
  const columns = mean.map((_, i) => i).filter((i) => Number.isFinite(mean[i]));
  const band = area<number>(
    (i) => round(x(i + 1)),
    (i) => round(y(low[i]!)),
    (i) => round(y(high[i]!)),
  );
  const path = line<number>(
    (i) => round(x(i + 1)),
    (i) => round(y(mean[i]!)),
  );
  return html`<path class="band series-${series}" d="${band(columns)}" /><path class="curve series-${series}" d="${path(columns)}" />`;
}

/** The names of all arms, each with its color and dashes. */
export function bandLegend(arms: readonly string[]): Html {
  const keys = arms.map(
    (arm, i) =>
      html`<span class="key"
        ><svg viewBox="0 0 28 10" aria-hidden="true"><path class="curve series-${i}" d="M1 5H27" /></svg>${arm}</span
      >`,
  );
  return html`<p class="legend">${keys}</p>`;
}

/** Mean, lowest and highest of the seeds at each step that one of them has. */
function overSeeds(arm: string, runs: readonly (readonly (number | null)[])[]): Series {
  const smooth = runs.map((run) =>
    movingMean(
      run.map((value) => value ?? Number.NaN),
      smoothingWindow(run.length),
    ),
  );
  const steps = Math.max(0, ...runs.map(({ length }) => length));
  const at = Array.from({ length: steps }, (_, step) => smooth.flatMap((run) => (Number.isFinite(run[step]) ? [run[step]!] : [])));
  const orNothing = (values: readonly number[], figure: (values: readonly number[]) => number): number =>
    values.length === 0 ? Number.NaN : figure(values);
  return {
    arm,
    mean: at.map((values) => orNothing(values, () => values.reduce((sum, value) => sum + value, 0) / values.length)),
    low: at.map((values) => orNothing(values, () => Math.min(...values))),
    high: at.map((values) => orNothing(values, () => Math.max(...values))),
  };
}
