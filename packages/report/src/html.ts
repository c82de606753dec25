/** Markup that may go into a page as it is. Made by `html` and `raw` only. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = Html | string | number | null | undefined | readonly HtmlValue[];

/** Template tag: every interpolated value is escaped, unless it is `Html` itself. Lists are joined, null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0]!;
  for (const [i, value] of values.entries()) markup += toMarkup(value) + strings[i + 1]!;
  return new Html(markup);
}

/** Trusts `markup`. Only for text from this package itself. */
export function raw(markup: string): Html {
  return new Html(markup);
}

/** Escapes text for element content and quoted attributes. Control characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "\uFFFD").replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text in which `backticks` mark code. */
export function withCode(text: string): HtmlValue {
  return text.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
}

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  return value.map(toMarkup).join("");
}
