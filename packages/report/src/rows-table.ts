import { html, type Html, type HtmlValue } from "./html.ts";
import { formatNumber } from "./number-format.ts";

/** A table of names and their values, a row each; `kind` is its class in the page's style. */
export function rowsTable(rows: readonly (readonly [name: string, value: HtmlValue])[], kind = "settings"): Html {
  return html`<table class="${kind}">
    <tbody>
      ${rows.map(
        ([name, value]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${value}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Settings as rows, numbers as the reports write them. */
export function settingRows(settings: Readonly<Record<string, string | number>>): [string, string][] {
  return Object.entries(settings).map(([name, value]) => [name, typeof value === "number" ? formatNumber(value) : value]);
}
