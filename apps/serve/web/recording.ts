// What arrived of a generation, and what its canvas looked like after any of its steps. Everything on display is computed from this.
import type { DoneData, LayoutData, RevealData } from "../src/denoise-events.ts";

export interface Recording {
  readonly layout: LayoutData;
  readonly steps: readonly RevealData[];
  readonly done: DoneData | undefined;
}

/** A cell of the canvas at one moment. */
export type Cell = GivenCell | MaskCell | TokenCell;

interface GivenCell {
  kind: "given";
  text: string;
}

interface MaskCell {
  kind: "mask";
  /** What the last pass would have put here, if it said so. */
  proposal: { text: string; sureness: number } | undefined;
}

interface TokenCell {
  kind: "token";
  /** "" is a special token. */
  text: string;
  /** The forward pass that wrote it. */
  pass: number;
  /** Number of the step, from 0. */
  step: number;
  /** 0 to 1. */
  sureness: number;
  /** Nats; undefined for padding, which no pass predicted. */
  entropy: number | undefined;
  /** It replaced another token. */
  isEdit: boolean;
}

/** A step that neither ran a pass nor changed anything is no moment of its own. */
export function withStep(recording: Recording, step: RevealData): Recording {
  const passesBefore = recording.steps.at(-1)?.forward_passes ?? 0;
  const changes = step.positions.length + step.filled.length + step.remasked.length;
  if (changes === 0 && step.forward_passes === passesBefore) return recording;
  return { ...recording, steps: [...recording.steps, step] };
}

const BY_ENTROPY = ["entropy", "entropy_bound"];

/** A measure of the algorithm as a number from 0 to 1; of an entropy the exponential, which is one over the perplexity. */
export function sureness(alg: string, confidence: number): number {
  return BY_ENTROPY.includes(alg) ? Math.exp(Math.min(0, confidence)) : Math.max(0, Math.min(1, confidence));
}

/** The canvas after the first `shown` steps. */
export function cellsAfter({ layout, steps }: Recording, shown: number): Cell[] {
  const cells = layout.cells.map((text): Cell => (text === null ? { kind: "mask", proposal: undefined } : { kind: "given", text }));
  const seen = steps.slice(0, shown);
  for (const [index, step] of seen.entries()) {
    const { forward_passes: pass } = step;
    step.positions.forEach((position, i) => {
      const isEdit = step.edited.includes(position);
      const sure = sureness(layout.alg, step.confidence[i]!);
      cells[position] = { kind: "token", text: step.texts[i]!, pass, step: index, sureness: sure, entropy: step.entropy[i], isEdit };
    });
    for (const position of step.remasked) cells[position] = { kind: "mask", proposal: undefined };
    for (const position of step.filled)
      cells[position] = { kind: "token", text: "", pass, step: index, sureness: 1, entropy: undefined, isEdit: false };
  }
  const { provisional } = seen.at(-1) ?? {};
  provisional?.positions.forEach((position, i) => {
    const proposal = { text: provisional.texts[i]!, sureness: sureness(layout.alg, provisional.confidence[i]!) };
    if (cells[position]?.kind === "mask") cells[position] = { kind: "mask", proposal };
  });
  return cells;
}

/** Where the answer ends: its first special token, if all before it is there or not. The cells behind it are no part of it. */
export function endOf(cells: readonly Cell[]): number {
  const end = cells.findIndex((cell) => cell.kind === "token" && cell.text === "");
  return end === -1 ? cells.length : end;
}

/** Forward passes after `shown` steps. */
export function passesAfter({ steps, done }: Recording, shown: number): number {
  if (done !== undefined && shown === steps.length) return done.forward_passes;
  return shown === 0 ? 0 : steps[shown - 1]!.forward_passes;
}

/** Forward passes of the whole run; the most that it can take while that is not known. */
export function passesInAll({ layout, done }: Recording): number {
  return done?.forward_passes ?? layout.steps;
}
