import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { chartFrame, emptyChart, round } from "./chart-frame.ts";
import { html, type Html } from "./html.ts";
import { formatNumber } from "./number-format.ts";

export interface LineChartOptions {
  /** Unique in the page. */
  id: string;
  title: string;
  /** One sentence: what is measured, in which unit. */
  description: string;
  xLabel: string;
  /** Positions on the horizontal axis, ascending. */
  x: readonly number[];
  /** One value per position; a value that is not finite is a gap. */
  y: readonly number[];
  /** Whether the vertical axis starts at zero. */
  fromZero?: boolean;
}

const { width, height, left, right, top, bottom } = chartFrame;

/** A curve as inline SVG: the values thin, their moving mean bold. */
export function lineChart({ id, title, description, xLabel, x, y, fromZero = false }: LineChartOptions): Html {
  const finite = y.filter(Number.isFinite);
  if (finite.length === 0) return emptyChart(title);
  const window = smoothingWindow(y.length);
  const smooth = movingMean(y, window);
  const xScale = scaleLinear([x[0]!, Math.max(x.at(-1)!, x[0]! + 1)], [left, right]);
  const yScale = scaleLinear(valueDomain(finite, fromZero), [bottom, top]).nice(4);
  const pathOf = (values: readonly number[]): string =>
    line<number>(
      (_, i) => round(xScale(x[i]!)),
      (value) => round(yScale(value)),
    ).defined(Number.isFinite)(values) ?? "";
  const pointsOf = x.map((step, i) => [round(xScale(step)), finiteOr(smooth[i], (value) => round(yScale(value))), step, formatNumber(y[i]!)]);
  const last = smooth.findLast(Number.isFinite)!;
  const trend = trendOf(finite);
  return html`<figure class="chart">
    <figcaption>${title}${trend && html` <span class="muted">${formatNumber(trend.first)} → ${formatNumber(trend.last)}</span>`}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc" data-points="${JSON.stringify(pointsOf)}">
      <title id="${id}-title">${title}</title>
      <desc id="${id}-desc">
        ${description}
        ${trend && `Mean of the first ${AT_AN_END} values ${formatNumber(trend.first)}, of the last ${AT_AN_END} ${formatNumber(trend.last)}; `}lowest
        ${formatNumber(Math.min(...finite))}, highest ${formatNumber(Math.max(...finite))}.
      </desc>
      ${yScale.ticks(4).map((tick) => html`<path class="grid" d="M${left} ${round(yScale(tick))}H${right}" /><text class="tick" text-anchor="end" x="${left - 7}" y="${round(yScale(tick)) + 4}">${formatNumber(tick)}</text>`)}
      ${xScale
        .ticks(5)
        .filter(Number.isInteger)
        .map((tick) => html`<text class="tick" text-anchor="middle" x="${round(xScale(tick))}" y="${bottom + 18}">${formatNumber(tick)}</text>`)}
      <text class="tick" text-anchor="middle" x="${(left + right) / 2}" y="${height - 3}">${xLabel}</text>
      <path class="values" d="${pathOf(y)}" />
      <path class="mean" d="${pathOf(smooth)}" />
      ${finite.length === 1 ? html`<circle class="dot" cx="${left}" cy="${round(yScale(last))}" r="3" />` : null}
      <path class="cursor" d="" />
      <text class="readout" y="${top + 2}"></text>
    </svg>
    <p class="muted">${description}</p>
  </figure>`;
}

/** Values at each end of a curve that its trend is computed from. */
const AT_AN_END = 10;

/** Where a curve begins and ends: the means of its first and its last ten values. A single value is noise, so a shorter curve has no trend. */
export function trendOf(values: readonly number[]): { first: number; last: number } | undefined {
  if (values.length < 2 * AT_AN_END) return undefined;
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  return { first: mean(values.slice(0, AT_AN_END)), last: mean(values.slice(-AT_AN_END)) };
}

/** Values in a window: about a tenth of the run, odd, at least 1. */
export function smoothingWindow(count: number): number {
  return 2 * Math.floor(count / 20) + 1;
}

/** Centred moving mean; at the ends over the part of the window that exists, skipping values that are not finite. */
export function movingMean(values: readonly number[], window: number): number[] {
  const half = (window - 1) / 2;
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - half), i + half + 1).filter(Number.isFinite);
    return near.length === 0 ? Number.NaN : near.reduce((sum, value) => sum + value, 0) / near.length;
  });
}

function valueDomain(values: readonly number[], fromZero: boolean): [number, number] {
  const low = fromZero ? Math.min(0, ...values) : Math.min(...values);
  const high = Math.max(...values);
  // A flat curve needs some height to be drawn in.
  return high > low ? [low, high] : [low - (fromZero ? 0 : Math.abs(low) / 10 || 1), high + (Math.abs(high) / 10 || 1)];
}

function finiteOr(value: number | undefined, map: (value: number) => number): number | null {
  return value !== undefined && Number.isFinite(value) ? map(value) : null;
}
