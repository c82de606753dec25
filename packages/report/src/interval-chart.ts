import { scaleLinear } from "d3-scale";
import type { Interval } from "@diffucoder/eval";
import { round } from "./chart-frame.ts";
import { html, type Html } from "./html.ts";

export interface IntervalRow {
  readonly label: string;
  /** The estimate and its interval as text. */
  readonly text: string;
  readonly value: number;
  readonly interval: Interval;
  readonly tone: "before" | "after" | "difference";
}

export interface IntervalChartOptions {
  /** Unique in the page. */
  id: string;
  title: string;
  rows: readonly IntervalRow[];
  /** Ends of the axis; widened to round numbers. */
  domain: Interval;
  formatTick: (value: number) => string;
}

const width = 360;
const left = 20;
const right = 340; // half of "100 %" fits beside it
const rowHeight = 46;

/** Estimates as dots on bars that span their 95 % intervals, as inline SVG. */
export function intervalChart({ id, title, rows, domain, formatTick }: IntervalChartOptions): Html {
  const scale = scaleLinear(domain, [left, right]).nice(5);
  const bottom = rows.length * rowHeight + 4;
  return html`<svg class="intervals" viewBox="0 0 ${width} ${bottom + 22}" role="img" aria-labelledby="${id}-title ${id}-desc">
    <title id="${id}-title">${title}</title>
    <desc id="${id}-desc">${rows.map((row) => `${row.label}: ${row.text}. `)}</desc>
    ${scale.ticks(5).map((tick) => html`<path class="${tick === 0 ? "zero" : "grid"}" d="M${round(scale(tick))} 0V${bottom}" /><text class="tick" text-anchor="middle" x="${round(scale(tick))}" y="${bottom + 16}">${formatTick(tick)}</text>`)}
    ${rows.map((row, i) => {
      const middle = i * rowHeight + 32;
      const [low, high] = row.interval;
      return html`<text class="label" x="${left}" y="${middle - 14}">${row.label} <tspan class="value">${row.text}</tspan></text>
        <path
          class="bar ${row.tone}"
          d="M${round(scale(low))} ${middle}H${round(scale(high))}M${round(scale(low))} ${middle - 5}v10M${round(scale(high))} ${middle - 5}v10"
        />
        <circle class="${row.tone}" cx="${round(scale(row.value))}" cy="${middle}" r="5" />`;
    })}
  </svg>`;
}
