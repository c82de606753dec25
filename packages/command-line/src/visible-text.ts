// Makes untrusted text (from a model or a file) safe for a terminal. Escapes what could move the cursor, change colours or the
// clipboard, or reorder text: control characters (C0, C1: ESC, CSI, OSC), direction marks (Trojan Source, CVE-2021-42574), invisible format
// characters, line separators and lone surrogates.
const unsafe = /[\p{Cc}\p{Cs}\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;

/** The text as it can be shown: newlines and tabs stay, everything that a terminal would act on is written out as `\u001b`. */
export function visibleText(text: string): string {
  return text.replace(unsafe, (char, at: number) => {
    if (char === "\n" || char === "\t" || (char === "\r" && text[at + 1] === "\n")) return char;
    const code = char.codePointAt(0)!;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
