import { type Html, html, raw } from "./html.ts";
import { style } from "./style.ts";

/**
 * The head of a report: one file that loads nothing.
 *
 * @param policy the page's Content-Security-Policy
 */
export function pageHead({ title, policy }: { title: string; policy: string }): Html {
  return html`<head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <style>
      ${raw(style)}
    </style>
  </head>`;
}
