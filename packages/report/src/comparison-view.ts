import type { Interval, PassComparison } from "@diffucoder/eval";
import { html, type Html } from "./html.ts";
import { intervalChart } from "./interval-chart.ts";
import { formatPercent, formatPoints } from "./number-format.ts";

/** What a comparison shows, in one sentence that claims no more than its interval. */
export function conclusion({ interval95: [low, high] }: PassComparison): string {
  if (low > 0) return "The 95 % interval of the paired difference lies above zero: training made the model better at these tasks.";
  if (high < 0) return "The 95 % interval of the paired difference lies below zero: training made the model worse at these tasks.";
  return "The 95 % interval of the paired difference contains zero: this run does not show that training changed the model.";
}

/** pass@k before and after with their intervals, and the paired difference beneath. `top` is the end of the axis. */
export function comparisonView({ k, comparison, top }: { k: number; comparison: PassComparison; top: number }): Html {
  const { before, after, difference, interval95, beforeInterval95, afterInterval95 } = comparison;
  return html`<section class="card" aria-label="pass@${k}">
    <h3>pass@${k}</h3>
    ${intervalChart({
      id: `pass-${k}`,
      title: `pass@${k} before and after`,
      rows: [
        { label: "Before", text: percentText(before, beforeInterval95), value: before, interval: beforeInterval95, tone: "before" },
        { label: "After", text: percentText(after, afterInterval95), value: after, interval: afterInterval95, tone: "after" },
      ],
      domain: [0, top],
      formatTick: (value) => `${Math.round(value * 100)} %`,
    })}
    ${intervalChart({
      id: `difference-${k}`,
      title: `Paired difference of pass@${k}`,
      rows: [{ label: "Difference", text: pointsText(difference, interval95), value: difference, interval: interval95, tone: "difference" }],
      domain: [Math.min(0, interval95[0]), Math.max(0, interval95[1], interval95[0] + 0.01)],
      formatTick: (value) => (value === 0 ? "0" : formatPoints(value).replace(/\.0$/, "")),
    })}
  </section>`;
}

/** The same numbers for readers who cannot see charts. */
export function comparisonTable(rows: readonly { k: number; comparison: PassComparison }[]): Html {
  return html`<details>
    <summary>The numbers as a table</summary>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th></th>
            <th>Before</th>
            <th>After</th>
            <th>Difference, points</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ k, comparison: c }) =>
              html`<tr>
                <th scope="row">pass@${k}</th>
                <td>${percentText(c.before, c.beforeInterval95)}</td>
                <td>${percentText(c.after, c.afterInterval95)}</td>
                <td>${pointsText(c.difference, c.interval95)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function percentText(value: number, [low, high]: Interval): string {
  return `${formatPercent(value)} (${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)})`;
}

function pointsText(value: number, [low, high]: Interval): string {
  return `${formatPoints(value)} points (${formatPoints(low)} to ${formatPoints(high)})`;
}
