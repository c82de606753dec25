import { html } from "../html.ts";
import { formatNumber } from "../number-format.ts";
import { pageHead } from "../page-head.ts";
import { POLICY } from "./experiment-report.ts";

/** Figures by name: all that the page shows. */
export interface FiguresReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** What was measured and how, plain text. */
  readonly description: string;
  /** From the top. */
  readonly rows: readonly {
    /** What it is of. */
    readonly name: string;
    /** The figure. */
    readonly value: number;
    /** Its unit. */
    readonly unit: string;
  }[];
}

/** A table of figures as a page beside an experiment's. */
export function figuresReport({ title, description, rows }: FiguresReportData): string {
  return html`<!doctype html>
    <html lang="en">
      ${pageHead({ title, policy: POLICY })}
      <body>
        <header>
          <p class="muted"><a href="index.html">The experiment</a></p>
          <h1>${title}</h1>
          <p class="muted">${description}</p>
        </header>
        <main>
          <div class="scroll">
            <table>
              <tbody>
                ${rows.map(
                  ({ name, value, unit }) =>
                    html`<tr>
                      <th scope="row">${name}</th>
                      <td>${formatNumber(value)} ${unit}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </main>
      </body>
    </html> `.markup;
}
