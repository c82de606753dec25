import { expect, it } from "vitest";
import type { RevealData } from "../src/denoise-events.ts";
import { figuresOf } from "./figures.ts";
import { cellsAfter, endOf, passesAfter, passesInAll, type Recording, sureness, withStep } from "./recording.ts";

const layout = {
  prompt_tokens: 3,
  cells: ["a", null, null, null],
  completion_length: 3,
  steps: 3,
  alg: "maskgit_plus",
  temperature: 0,
  top_p: 1,
  seed: 7,
};
const empty: Recording = { layout, steps: [], done: undefined };

function step(forwardPasses: number, some: Partial<RevealData> = {}): RevealData {
  const nothing = { positions: [], texts: [], confidence: [], entropy: [], edited: [], filled: [], remasked: [] };
  return { step: forwardPasses - 1, ...nothing, forward_passes: forwardPasses, ...some };
}

const steps = [
  step(1, {
    positions: [2],
    texts: ["c"],
    confidence: [0.9],
    entropy: [0.3],
    provisional: { positions: [1, 3], texts: ["x", "y"], confidence: [0.4, 0.2] },
  }),
  step(2, { positions: [1, 2], texts: ["b", "d"], confidence: [0.8, 0.7], entropy: [0, 0], edited: [2] }),
  step(3, { remasked: [1], filled: [3] }),
];
const recording = steps.reduce(withStep, empty);

it("shows what was there after each step: proposals, tokens, edits, what was masked again and what was filled", () => {
  expect(cellsAfter(recording, 0).map(({ kind }) => kind)).toEqual(["given", "mask", "mask", "mask"]);
  expect(cellsAfter(recording, 1)).toEqual([
    { kind: "given", text: "a" },
    { kind: "mask", proposal: { text: "x", sureness: 0.4 } },
    { kind: "token", text: "c", pass: 1, step: 0, sureness: 0.9, entropy: 0.3, isEdit: false },
    { kind: "mask", proposal: { text: "y", sureness: 0.2 } },
  ]);
  expect(cellsAfter(recording, 2)[2]).toMatchObject({ text: "d", pass: 2, isEdit: true });
  const [, masked, , filled] = cellsAfter(recording, 3);
  expect(masked).toEqual({ kind: "mask", proposal: undefined });
  expect(filled).toMatchObject({ kind: "token", text: "", pass: 3, entropy: undefined });
  expect([endOf(cellsAfter(recording, 3)), endOf(cellsAfter(recording, 2))]).toEqual([3, 4]);
});

it("has no moment for a step that neither ran a pass nor changed anything", () => {
  expect(withStep(empty, { ...step(0), step: 0 }).steps).toHaveLength(0);
  expect(withStep(empty, step(1)).steps).toHaveLength(1);
});

it("counts passes, and compares them with one token a pass", () => {
  const done = { text: "abd", finish_reason: "stop", completion_tokens: 2, forward_passes: 2, seconds: 0.5, ar_ness: [] } as const;
  expect([passesAfter(recording, 0), passesAfter(recording, 2), passesInAll(recording)]).toEqual([0, 2, 3]);
  expect(passesInAll({ ...recording, done })).toBe(2);
  expect(figuresOf({ ...recording, done }).map(({ value, note }) => [value, note])).toEqual([
    ["3", "one token a pass: 3"].with(0, "2"),
    ["33 %", "1 of 3"],
    ["0.50 s", "one token a pass, at this pace: 0.75 s"],
    ["2", "4 a second"],
    ["7", "maskgit_plus"],
  ]);
  expect(figuresOf(empty).map(({ value }) => value)).toEqual(["0", "…", "…", "…", "7"]);
});

it("makes a number from 0 to 1 of what an algorithm ranks by", () => {
  expect([sureness("entropy", 0), sureness("entropy_bound", Math.log(0.25)), sureness("origin", 0.3), sureness("topk_margin", -1)]).toEqual([
    1, 0.25, 0.3, 0,
  ]);
});
