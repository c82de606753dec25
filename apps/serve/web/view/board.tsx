import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { spoken, visible } from "../code-text.ts";
import { type Cell, cellsAfter, endOf, passesInAll } from "../recording.ts";
import type { Run } from "../run.ts";
import { colorBy, facts } from "../store.ts";

/** Masks that stand there before the first answer. */
const MOST_IDLE = 128;

/** The canvas: a cell for every position, which keeps its place while tokens appear. */
export function Board({ run }: { run: Run }) {
  const selected = useSignal(0);
  const element = useRef<HTMLDivElement>(null);
  const recording = run.recording.value;
  if (recording === undefined) {
    return (
      <>
        <div class="board idle" aria-hidden="true">
          {Array.from({ length: Math.min(MOST_IDLE, facts.value?.max_new_tokens ?? 0) }, (_, i) => (
            <span key={i} class="cell mask" />
          ))}
        </div>
        <p class="detail">Every position is masked. They fill in as the model commits them.</p>
      </>
    );
  }
  const cells = cellsAfter(recording, run.shown.value);
  const end = endOf(cells);
  const last = Math.max(1, passesInAll(recording) - 1);
  const current = Math.min(selected.value, cells.length - 1);
  const move = (to: number): void => {
    selected.value = Math.max(0, Math.min(cells.length - 1, to));
    element.current?.querySelectorAll<HTMLElement>(".cell")[selected.value]?.focus();
  };
  const revealed = cells.filter(({ kind }) => kind !== "mask").length;
  return (
    <>
      <div
        ref={element}
        class={`board by-${colorBy.value}`}
        role="group"
        aria-label={`Canvas: ${revealed} of ${cells.length} positions revealed. Arrow keys go from position to position.`}
        onKeyDown={(event) => {
          const to = target(event.key, current, { columns: columnsOf(element.current!), count: cells.length });
          if (to === undefined) return;
          event.preventDefault();
          move(to);
        }}
      >
        {cells.map((cell, position) => (
          <CellButton
            key={position}
            cell={cell}
            position={position}
            isBehind={position >= end}
            isFresh={cell.kind === "token" && cell.step === run.shown.value - 1 && !run.isComplete.value}
            shade={shadeOf(cell, last)}
            isCurrent={position === current}
            onChoose={() => (selected.value = position)}
          />
        ))}
      </div>
      <p class="detail">
        <strong>Position {current + 1}</strong> {describe(cells[current]!)}
      </p>
    </>
  );
}

interface CellButtonProps {
  cell: Cell;
  position: number;
  isBehind: boolean;
  isFresh: boolean;
  shade: number | undefined;
  /** Of all cells the one that Tab reaches. */
  isCurrent: boolean;
  onChoose: () => void;
}

/** Its name is in words; what is shown are signs. */
function CellButton({ cell, position, isBehind, isFresh, shade, isCurrent, onChoose }: CellButtonProps) {
  return (
    <button
      type="button"
      class={classOf(cell, { isBehind, isFresh })}
      style={shade === undefined ? undefined : { "--t": shade }}
      tabIndex={isCurrent ? 0 : -1}
      onClick={onChoose}
      onFocus={onChoose}
    >
      <span class="when" aria-hidden="true">
        {cell.kind === "token" ? cell.pass : ""}
      </span>
      <span class="text" aria-hidden="true">
        {textOf(cell)}
      </span>
      <span class="hidden">{`position ${position + 1}: ${describe(cell)}`}</span>
    </button>
  );
}

/** Where its color lies between the two ends of the key. */
function shadeOf(cell: Cell, lastPass: number): number | undefined {
  if (cell.kind !== "token") return undefined;
  return colorBy.value === "confidence" ? cell.sureness : Math.min(1, (cell.pass - 1) / lastPass);
}

function textOf(cell: Cell): string {
  if (cell.kind === "mask") return cell.proposal === undefined ? "" : visible(cell.proposal.text);
  return visible(cell.text);
}

function classOf(cell: Cell, { isBehind, isFresh }: { isBehind: boolean; isFresh: boolean }): string {
  const classes = ["cell", cell.kind];
  if (cell.kind === "token" && isBehind) classes.push("end");
  if (isFresh) classes.push("fresh");
  return classes.join(" ");
}

/** A cell in words: what a screen reader says, and what is shown of the one that is chosen. */
function describe(cell: Cell): string {
  switch (cell.kind) {
    case "given":
      return `${spoken(cell.text)}, given`;
    case "mask":
      return cell.proposal === undefined
        ? "masked"
        : `masked; the last pass proposed ${spoken(cell.proposal.text)}, confidence ${cell.proposal.sureness.toFixed(2)}`;
    case "token": {
      const edit = cell.isEdit ? ", an edit" : "";
      if (cell.entropy === undefined) return `padding behind the end, pass ${cell.pass}`;
      return `${spoken(cell.text)}, pass ${cell.pass}, confidence ${cell.sureness.toFixed(2)}, entropy ${cell.entropy.toFixed(2)} nats${edit}`;
    }
  }
}

function columnsOf(board: HTMLElement): number {
  return getComputedStyle(board).gridTemplateColumns.split(" ").length;
}

function target(key: string, at: number, { columns, count }: { columns: number; count: number }): number | undefined {
  switch (key) {
    case "ArrowLeft":
      return at - 1;
    case "ArrowRight":
      return at + 1;
    case "ArrowUp":
      return at - columns;
    case "ArrowDown":
      return at + columns;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}
