// A generation on a terminal: the canvas is redrawn in place after every forward pass, so that tokens appear in position and in the
// order in which they are revealed. Lines are wrapped here and stay shorter than the terminal, which then never wraps or scrolls by itself; the
// cursor stays visible at the end of the drawing.
import { type Screen, visibleText } from "@diffucoder/command-line";
import type { GenerationEvent } from "@diffucoder/engine";

/** A position of the canvas as it is drawn. */
interface Cell {
  /** Undefined for a mask. */
  text: string | undefined;
  isNew: boolean;
}

const MASK = "░";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_SCREEN = "\u001b[2J\u001b[H";
const styles = { mask: "\u001b[2m", new: "\u001b[1;32m", plain: "", status: "\u001b[2m" };
const RESET = "\u001b[0m";

/** Draws each event, and removes the drawing when it is closed, also if the generation was stopped. */
export function liveReveal(screen: Screen): { show(event: GenerationEvent): void; close(): void } {
  let cells: Cell[] = [];
  let status = "";
  let drawnLines = 0;
  const toTop = (): string => (drawnLines > 1 ? `\u001b[${drawnLines - 1}A\r` : "\r");
  const draw = (start: string): void => {
    if (cells.length === 0) return;
    const lines = frame(cells, status, screen);
    screen.write(`${start}${CLEAR_BELOW}${lines.join("\r\n")}`);
    drawnLines = lines.length;
  };
  // Terminals differ in how they rewrap what is already drawn, so the drawing starts again.
  const offResize = screen.onResize(() => draw(CLEAR_SCREEN));
  return {
    show: (event) => {
      if (event.type === "layout") {
        cells = Array.from({ length: event.completionLength }, () => ({ text: undefined, isNew: false }));
        status = `${event.completionLength} masks, at most ${event.steps} forward passes`;
      } else if (event.type === "reveal") {
        cells = cells.map(({ text }) => ({ text, isNew: false }));
        event.positions.forEach((position, i) => (cells[position] = { text: event.texts[i], isNew: true }));
        for (const position of event.filled) cells[position] = { text: "", isNew: false };
        for (const position of event.remasked) cells[position] = { text: undefined, isNew: false };
        const masks = cells.filter(({ text }) => text === undefined).length;
        status = `forward pass ${event.forwardPasses}, ${masks} of ${cells.length} masks left`;
      } else return;
      draw(toTop());
    },
    close: () => {
      offResize();
      if (drawnLines > 0) screen.write(`${toTop()}${CLEAR_BELOW}`);
      drawnLines = 0;
    },
  };
}

/** The canvas and a status line as lines that fit the screen; for a longer text, the lines around the newest tokens. */
function frame(cells: readonly Cell[], status: string, { columns, rows, hasColours }: Pick<Screen, "columns" | "rows" | "hasColours">): string[] {
  const width = Math.max(1, columns - 1);
  const height = Math.max(1, rows - 2);
  const lines: { text: string; isNew: boolean }[] = [{ text: "", isNew: false }];
  let used = 0;
  for (const { text, isNew } of cells) {
    const style = text === undefined ? styles.mask : isNew ? styles.new : styles.plain;
    for (const char of visibleText(text ?? MASK)
      .replaceAll("\r\n", "\n")
      .replaceAll("\t", "    ")) {
      const size = char === "\n" ? 0 : widthOf(char);
      if (char === "\n") (lines.at(-1) as { isNew: boolean }).isNew ||= isNew;
      if (char === "\n" || used + size > width) {
        lines.push({ text: "", isNew: false });
        used = 0;
      }
      if (char === "\n") continue;
      const line = lines.at(-1) as { text: string; isNew: boolean };
      line.text += hasColours && style !== "" ? `${style}${char}${RESET}` : char;
      line.isNew ||= isNew;
      used += size;
    }
  }
  const lastNew = lines.findLastIndex(({ isNew }) => isNew);
  const first = Math.max(0, Math.min(lines.length - height, lastNew - Math.floor(height / 2)));
  const cut = status.slice(0, width);
  return [...lines.slice(first, first + height).map(({ text }) => text), hasColours ? `${styles.status}${cut}${RESET}` : cut];
}

/** Columns of a character: combining ones take none, East Asian wide ones and emoji two. */
function widthOf(char: string): number {
  if (/\p{Mn}|\p{Me}/u.test(char)) return 0;
  return /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|[\u{20000}-\u{3FFFD}]/u.test(
    char,
  )
    ? 2
    : 1;
}
