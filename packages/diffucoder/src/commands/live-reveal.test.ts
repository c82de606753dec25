import { describe, expect, it } from "vitest";
import type { RevealEvent } from "@diffucoder/engine";
import type { Screen } from "@diffucoder/command-line";
import { liveReveal } from "./live-reveal.ts";

/** A terminal that does what the drawing asks for: move up, return, erase below, clear, text. */
function fakeScreen({ columns = 20, rows = 8, hasColours = false } = {}) {
  let lines = [""];
  let [row, column] = [0, 0];
  let listener: (() => void) | undefined;
  const written: string[] = [];
  const screen: Screen & { columns: number; rows: number } = {
    columns,
    rows,
    hasColours,
    write: (text) => {
      written.push(text);
      for (const [part] of text.matchAll(/\u001b\[[\d;]*[A-Za-z]|[^]/gu)) {
        if (/^\u001b\[\d+A$/.test(part)) row -= Number(part.slice(2, -1));
        else if (part === "\u001b[J") lines = [...lines.slice(0, row), (lines[row] ?? "").slice(0, column)];
        else if (part === "\u001b[2J") lines = [""];
        else if (part === "\u001b[H") [row, column] = [0, 0];
        else if (part === "\r") column = 0;
        else if (part === "\n") lines[++row] ??= "";
        else if (!part.startsWith("\u001b")) {
          lines[row] = (lines[row] ?? "").slice(0, column).padEnd(column) + part + (lines[row] ?? "").slice(column + 1);
          column++;
        }
      }
    },
    onResize: (callback) => {
      listener = callback;
      return () => (listener = undefined);
    },
  };
  return { screen, written, text: () => lines.join("\n"), resize: () => listener?.(), isHeard: () => listener !== undefined };
}

const layout = { type: "layout", promptTokens: 1, completionLength: 4, steps: 4, alg: "entropy", temperature: 0, topP: 1, seed: 0 } as const;
const reveal = (forwardPasses: number, tokens: Record<number, string>, more: Partial<RevealEvent> = {}): RevealEvent => ({
  type: "reveal",
  step: forwardPasses - 1,
  positions: Object.keys(tokens).map(Number),
  tokenIds: [],
  texts: Object.values(tokens),
  confidence: [],
  entropy: [],
  edited: [],
  filled: [],
  remasked: [],
  forwardPasses,
  committedTokens: 0,
  committedText: "",
  settled: undefined,
  ...more,
});

describe("liveReveal", () => {
  it("shows each token where it stands when it is revealed, and leaves nothing behind", () => {
    const { screen, text, isHeard } = fakeScreen({ columns: 60 });
    const live = liveReveal(screen);
    live.show(layout);
    expect(text()).toBe("░░░░\n4 masks, at most 4 forward passes");
    live.show(reveal(1, { 2: "(xs)" }));
    expect(text()).toBe("░░(xs)░\nforward pass 1, 3 of 4 masks left");
    live.show(reveal(2, { 0: "def" }, { filled: [3] }));
    expect(text()).toBe("def░(xs)\nforward pass 2, 1 of 4 masks left");
    live.show(reveal(3, { 1: " f" }, { remasked: [2] }));
    expect(text()).toBe("def f░\nforward pass 3, 1 of 4 masks left");
    live.close();
    expect([text(), isHeard()]).toEqual(["", false]);
  });

  it("wraps long lines and breaks at newlines, also on a narrow terminal, where wide characters take two columns", () => {
    const { screen, text } = fakeScreen({ columns: 6, rows: 20 });
    const live = liveReveal(screen);
    live.show(layout);
    live.show(reveal(1, { 0: "def f\n", 1: "你好你", 2: "\t12" }));
    expect(text()).toBe("def f\n你好\n你   \n 12░\nforwa");
  });

  it("starts again after a resize", () => {
    const { screen, text, resize } = fakeScreen({ columns: 40 });
    const live = liveReveal(screen);
    live.show(layout);
    live.show(reveal(1, { 1: "abcdefgh" }));
    screen.columns = 6;
    resize();
    expect(text()).toBe("░abcd\nefgh░\n░\nforwa");
    live.close();
    expect(text()).toBe("");
  });

  it("shows the lines around the newest tokens of a text that is higher than the terminal", () => {
    const { screen, text } = fakeScreen({ columns: 40, rows: 5 });
    const live = liveReveal(screen);
    live.show(layout);
    live.show(reveal(1, { 0: "1\n2\n3\n", 1: "4\n", 2: "5\n6\n7" }));
    live.show(reveal(2, { 1: "four\n" }));
    expect(text()).toBe("3\nfour\n5\nforward pass 2, 1 of 4 masks left");
  });

  it("writes control characters out, and no colours without them", () => {
    const { screen, written, text } = fakeScreen({ columns: 40 });
    const live = liveReveal(screen);
    live.show(layout);
    live.show(reveal(1, { 0: "\u001b]0;t\u0007", 1: "\u202e" }));
    expect(text()).toBe("\\u001b]0;t\\u0007\\u202e░░\nforward pass 1, 2 of 4 masks left");
    expect(written.join("")).not.toMatch(/\u001b\[[\d;]*m/);
    const colourful = fakeScreen({ columns: 40, hasColours: true });
    const other = liveReveal(colourful.screen);
    other.show(layout);
    other.show(reveal(1, { 0: "a" }));
    expect(colourful.written.at(-1)).toContain("\u001b[1;32ma\u001b[0m\u001b[2m░\u001b[0m");
  });
});
