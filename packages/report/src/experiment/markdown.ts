// A subset of Markdown, made for the pages of this project: headings, paragraphs, lists, tables, fenced code; code, bold, italics and links in
// a line. Everything else, HTML too, is shown as it is written.
import { html, type Html, type HtmlValue } from "../html.ts";

/** Markdown as markup; `#` becomes h3 and so on, below a page's own headings. */
export function markdown(text: string): Html {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks: Html[] = [];
  for (let at = 0; at < lines.length;) {
    const { block, next } = blockAt(lines, at);
    if (block !== undefined) blocks.push(block);
    at = next;
  }
  return html`${blocks}`;
}

interface Block {
  block: Html | undefined;
  /** Line behind it. */
  next: number;
}

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/;
const ROW = /^\s*\|.*\|\s*$/;
const FENCE = /^\s*```/;

function blockAt(lines: readonly string[], at: number): Block {
  const line = lines[at]!;
  if (line.trim() === "") return { block: undefined, next: at + 1 };
  if (FENCE.test(line)) return code(lines, at);
  const heading = HEADING.exec(line);
  if (heading !== null)
    return { block: heading[1]!.length === 1 ? html`<h3>${inline(heading[2]!)}</h3>` : html`<h4>${inline(heading[2]!)}</h4>`, next: at + 1 };
  if (ROW.test(line) && /^[\s|:-]+$/.test(lines[at + 1] ?? "")) return table(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  const next = endOf(lines, at + 1, (other) => other.trim() !== "" && ![HEADING, ITEM, ROW, FENCE].some((pattern) => pattern.test(other)));
  return { block: html`<p>${inline(lines.slice(at, next).join(" "))}</p>`, next };
}

/** The first line from `from` on that does not belong. */
function endOf(lines: readonly string[], from: number, belongs: (line: string) => boolean): number {
  const end = lines.findIndex((line, i) => i >= from && !belongs(line));
  return end === -1 ? lines.length : end;
}

function code(lines: readonly string[], at: number): Block {
  const end = endOf(lines, at + 1, (line) => !FENCE.test(line));
  return { block: html`<pre tabindex="0">${lines.slice(at + 1, end).join("\n")}</pre>`, next: end + 1 };
}

function list(lines: readonly string[], at: number): Block {
  const next = endOf(lines, at, (line) => line.trim() !== "" && (ITEM.test(line) || /^\s/.test(line)));
  const items: string[] = [];
  for (const line of lines.slice(at, next)) {
    const item = ITEM.exec(line);
    if (item !== null) items.push(item[1]!);
    else items.push(`${items.pop() ?? ""} ${line.trim()}`);
  }
  const entries = items.map((item) => html`<li>${inline(item)}</li>`);
  return {
    block: /^\s*\d/.test(lines[at]!)
      ? html`<ol>
          ${entries}
        </ol>`
      : html`<ul>
          ${entries}
        </ul>`,
    next,
  };
}

function table(lines: readonly string[], at: number): Block {
  const next = endOf(lines, at, (line) => ROW.test(line));
  const cells = (line: string): HtmlValue[] =>
    line
      .trim()
      .slice(1, -1)
      .split("|")
      .map((cell) => inline(cell.trim()));
  return {
    block: html`<div class="scroll">
      <table>
        <thead>
          <tr>
            ${cells(lines[at]!).map((cell) => html`<th scope="col">${cell}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${lines.slice(at + 2, next).map(
            (line) =>
              html`<tr>
                ${cells(line).map((cell) => html`<td>${cell}</td>`)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`,
    next,
  };
}

/** Code, links, bold and italics. What is in code is not read further. */
const INLINE = /`([^`]+)`|\[([^\]]+)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\b_([^_\s][^_]*)_\b/g;

function inline(text: string): HtmlValue {
  const parts: HtmlValue[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, literal, label, target, bold, star, underscore] = match;
    parts.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (literal !== undefined) parts.push(html`<code>${literal}</code>`);
    else if (label !== undefined) parts.push(/^https?:\/\//.test(target!) ? html`<a href="${target}">${label}</a>` : label); // a file's neighbours lie elsewhere
    else if (bold !== undefined) parts.push(html`<b>${bold}</b>`);
    else parts.push(html`<i>${star ?? underscore}</i>`);
  }
  return [...parts, text.slice(at)];
}
