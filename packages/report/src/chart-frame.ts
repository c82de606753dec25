// The frame of a chart over steps. Drawn at the size at which a phone shows it, so that the text is never scaled below 11 px.
import { html, type Html } from "./html.ts";

/** Size of a chart, and the edges of its plot, in units of its view box. */
export const chartFrame = { width: 360, height: 208, left: 50, right: 350, top: 12, bottom: 172 } as const;

/** A chart that has nothing to show. */
export function emptyChart(title: string): Html {
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <p class="muted">No values.</p>
  </figure>`;
}

/** A place in a chart: tenths are enough. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
