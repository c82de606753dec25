// Code in the Markdown that models write. Fences as in CommonMark 0.31, section 4.5: one that closes a block is at least as long as the one
// that opened it, stands alone on its line and is indented by at most three columns more; so a fence in a docstring closes nothing.
// Differs: 1. A block that is never closed by such a line ends at the first line with a fence at its end, as in "return x```". 2. A block
// may be opened at any indentation, which is taken off its lines: lists hold such blocks.
import type { Language } from "@diffucoder/reward-sandbox";

/** The names of a language on fences. */
export const FENCE_NAMES: Readonly<Record<Language, readonly string[]>> = {
  python: ["python", "py", "python3"],
  javascript: ["javascript", "js", "mjs", "node"],
  typescript: ["typescript", "ts"],
};

/** A fenced block. */
interface Block {
  /** In lower case; empty if it has none. */
  name: string;
  code: string;
}

const OPENING = /^(\s*)(`{3,}|~{3,})([^`]*)$/;

/** Whether a line closes a block. */
function isClosing(line: string, fence: string, indent: number): boolean {
  const text = line.trim();
  if (!text.startsWith(fence) || line.length - line.trimStart().length > indent + 3) return false;
  return text === fence[0]!.repeat(text.length);
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  const neverClosed = new Set<string>(); // fences that no later line closes, so that each is searched for once
  const find = (from: number, test: (line: string) => boolean): number => {
    for (let i = from; i < lines.length; i++) if (test(lines[i]!)) return i;
    return -1;
  };
  for (let i = 0; i < lines.length; i++) {
    const [, indentation, fence, info] = OPENING.exec(lines[i]!) ?? [];
    if (indentation === undefined || fence === undefined) continue;
    const kind = `${indentation.length} ${fence}`;
    const closing = neverClosed.has(kind) ? -1 : find(i + 1, (line) => isClosing(line, fence, indentation.length));
    if (closing === -1) neverClosed.add(kind);
    const cut = closing === -1 ? find(i + 1, (line) => line.trimEnd().endsWith(fence)) : -1;
    const end = closing !== -1 ? closing : cut !== -1 ? cut + 1 : lines.length;
    const content = lines.slice(i + 1, end);
    if (cut !== -1) content.push((content.pop() as string).trimEnd().slice(0, -fence.length));
    const own = content.map((line) => (line.startsWith(indentation) ? line.slice(indentation.length) : line.trimStart()));
    blocks.push({ name: nameOf(info ?? ""), code: `${own.join("\n")}\n` });
    i = closing === -1 ? end - 1 : end;
  }
  return blocks;
}

/** The language in the words after a fence: `python title="a.py"`, `{.python}`. */
const nameOf = (info: string): string => (/[\w+#-]+/.exec(info)?.[0] ?? "").toLowerCase();

const escaped = (name: string): string => name.replaceAll(/[.$]/g, "\\$&");

/** Whether code seems to define a name. */
function defines(code: string, name: string): boolean {
  return new RegExp(
    `^[ \\t]*(?:(?:export|default|async|def|class|function\\*?|const|let|var)\\s+)*${escaped(name)}(?![\\p{ID_Continue}$])\\s*[(=:<]`,
    "mu",
  ).test(code);
}

/**
 * The code of a Markdown text: the first block that names the language, else the first without a name, else the first.
 *
 * @param names of the language, in lower case; see `FENCE_NAMES`
 * @returns undefined if there is no fence. If the text begins inside a block, the text before the fence that closes it
 */
export function fencedBlock(
  text: string,
  names: readonly string[],
  {
    entryPoint,
  }: {
    /** Of several blocks that name the language, the first that seems to define this is taken. @default the first */
    entryPoint?: string | undefined;
  } = {},
): string | undefined {
  const lines = text.split(/\r?\n/);
  const fences = lines.flatMap((line, i) => (OPENING.test(line) ? [i] : []));
  if (fences.length === 0) return undefined;
  const blocks = blocksOf(lines);
  const named = blocks.filter(({ name }) => names.includes(name));
  const preferred = entryPoint === undefined ? undefined : named.find(({ code }) => defines(code, entryPoint));
  const block = preferred ?? named[0];
  if (block) return block.code;
  // A bare fence first: it closes a block that was begun in the prompt, if there is code before it and no named block at all.
  if (fences.length % 2 === 1) return `${lines.slice(0, fences[0]).join("\n")}\n`;
  return (blocks.find(({ name }) => name === "") ?? blocks[0])?.code;
}
