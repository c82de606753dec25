import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import type { Interval } from "@diffucoder/eval";
import { round } from "./chart-frame.ts";
import { html, type Html } from "./html.ts";
import { formatNumber, formatPercent } from "./number-format.ts";

export interface ScatterPoint {
  readonly label: string;
  /** Index of the point's group in `groups`. */
  readonly group: number;
  /** Positive. */
  readonly x: number;
  readonly y: number;
  readonly interval95?: Interval;
}

export interface ScatterChartOptions {
  /** Unique in the page. */
  id: string;
  title: string;
  /** One sentence: what is measured, in which unit. */
  description: string;
  xLabel: string;
  /** What the points' colors mean. At most five. */
  groups: readonly string[];
  points: readonly ScatterPoint[];
  /** Which values of y are good. @default "higher" */
  better?: "higher" | "lower";
  /** How values of y are written. @default as shares, in percent */
  format?: (y: number) => string;
}

const width = 360;
const height = 260;
const left = 50;
const right = 350;
const top = 12;
const bottom = 208;

/** Values, shares for the most part, against a cost on a logarithmic axis, as inline SVG; a line joins the points that no other beats in both. */
export function scatterChart({
  id,
  title,
  description,
  xLabel,
  groups,
  points,
  better = "higher",
  format = formatPercent,
}: ScatterChartOptions): Html {
  const xs = points.map(({ x }) => x);
  const [cheapest, dearest] = [Math.min(...xs), Math.max(...xs)];
  const xScale = scaleLog([cheapest / 1.15, dearest * 1.15], [left, right]);
  const values = points.flatMap(({ y, interval95 = [y, y] }) => interval95);
  const yScale = scaleLinear([Math.min(...values), Math.max(...values, Math.min(...values) + 0.01)], [bottom, top]).nice(4);
  const at = ({ x, y }: ScatterPoint): [number, number] => [round(xScale(x)), round(yScale(y))];
  const front = paretoFront(points, better);
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
      <title id="${id}-title">${title}</title>
      <desc id="${id}-desc">${description} ${front.map(({ label, x, y }) => `${label}: ${format(y)} at ${formatNumber(x)}. `)}</desc>
      ${yScale.ticks(4).map((tick) => html`<path class="grid" d="M${left} ${round(yScale(tick))}H${right}" /><text class="tick" text-anchor="end" x="${left - 7}" y="${round(yScale(tick)) + 4}">${format === formatPercent ? `${Math.round(tick * 100)} %` : format(tick)}</text>`)}
      ${logTicks(cheapest, dearest).map((tick) => html`<text class="tick" text-anchor="middle" x="${round(xScale(tick))}" y="${bottom + 18}">${formatNumber(tick)}</text>`)}
      <text class="tick" text-anchor="middle" x="${(left + right) / 2}" y="${bottom + 34}">${xLabel}</text>
      <path class="front" d="${line()(front.map(at)) ?? ""}" />
      ${points.map((point) => {
        const [x, y] = at(point);
        const [low, high] = (point.interval95 ?? [point.y, point.y]).map((value) => round(yScale(value)));
        return html`<g class="point group-${point.group}">
          <title>${point.label}: ${format(point.y)} at ${formatNumber(point.x)}</title>
          <path d="M${x} ${low}V${high}" /><circle cx="${x}" cy="${y}" r="4" />
        </g>`;
      })}
      ${groups.map((name, group) => html`<g class="point group-${group}"><circle cx="${left + group * 62}" cy="${height - 6}" r="4" /><text class="tick" x="${left + 8 + group * 62}" y="${height - 2}">${name}</text></g>`)}
    </svg>
    <p class="muted">${description}</p>
  </figure>`;
}

/** Points that no other beats, by being better at no higher cost or cheaper and as good; the cheapest first. */
export function paretoFront<Point extends { readonly x: number; readonly y: number }>(
  points: readonly Point[],
  better: "higher" | "lower" = "higher",
): Point[] {
  const sign = better === "higher" ? 1 : -1;
  const front: Point[] = [];
  for (const point of [...points].sort((a, b) => a.x - b.x || sign * (b.y - a.y)))
    if (front.length === 0 || sign * (point.y - front.at(-1)!.y) > 0) front.push(point);
  return front;
}

/** 1, 2 and 5 times powers of ten between two numbers. */
function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) ticks.push(...[1, 2, 5].map((digit) => digit * 10 ** power));
  return ticks.filter((tick) => tick >= low && tick <= high);
}
