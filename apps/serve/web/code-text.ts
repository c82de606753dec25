/** The model answers in Markdown; what is shown, copied and tested is the code alone. */
export function withoutFence(text: string): string {
  const open = /^\s*```[a-z]*\n/.exec(text);
  if (open === null) return text;
  const code = text.slice(open[0].length);
  const close = code.indexOf("\n```");
  return close < 0 ? code : code.slice(0, close + 1);
}

/** Blanks as signs, so that a cell never looks empty. */
export function visible(text: string): string {
  if (text === "") return "end";
  if (/^ {7,}$/.test(text)) return `·×${text.length}`;
  return text.replaceAll(/\r?\n/g, "↵").replaceAll("\t", "→").replaceAll(" ", "·");
}

/** The same in words, for those who listen. */
export function spoken(text: string): string {
  if (text === "") return "end of the answer";
  if (/^\s+$/.test(text)) return text.includes("\n") ? "line break" : `${text.length} ${text.length === 1 ? "blank" : "blanks"}`;
  return text.trim();
}
