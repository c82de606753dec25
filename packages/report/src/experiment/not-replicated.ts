import { html, type Html } from "../html.ts";
import type { ReportComparison } from "./experiment-data.ts";
import { differenceText, predictionText } from "./prediction-text.ts";

/** Predictions that did not hold, and those that the data leave open, with what was measured. */
export function notReplicated(comparisons: readonly (ReportComparison & { /** Its experiment. */ readonly name?: string })[]): Html {
  const of = (verdict: ReportComparison["verdict"]): typeof comparisons => comparisons.filter((one) => one.verdict === verdict);
  const item = (one: (typeof comparisons)[number], said: string): Html =>
    html`<li>${one.name === undefined ? "" : `${one.name}: `}${predictionText(one)}. ${said}: ${differenceText(one)}.</li>`;
  const decided = comparisons.length - of("pending").length;
  if (decided === 0) return html`<p>Nothing is decided yet.</p>`;
  const [failed, open] = [of("fails"), of("open")];
  if (failed.length + open.length === 0) return html`<p>Every prediction that is decided holds: ${decided} of ${comparisons.length}.</p>`;
  return html`<ul>
    ${failed.map((one) => item(one, "It does not hold"))} ${open.map((one) => item(one, "The data do not decide it"))}
  </ul>`;
}
