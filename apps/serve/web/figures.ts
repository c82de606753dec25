import { passesAfter, type Recording } from "./recording.ts";

/** A name and a number, as text. */
export interface Figure {
  name: string;
  value: string;
  /** What it is measured against. */
  note?: string;
}

/** What a generation cost, beside one token a pass. */
export function figuresOf(recording: Recording): Figure[] {
  const { layout, steps, done } = recording;
  const passes = passesAfter(recording, steps.length);
  const masks = layout.completion_length;
  const open = "…";
  const saved = masks - passes;
  const perPass = done === undefined || passes === 0 ? undefined : done.seconds / passes;
  return [
    { name: "Forward passes", value: String(passes), note: `one token a pass: ${masks}` },
    {
      name: "Passes saved",
      value: done === undefined ? open : `${Math.round((100 * saved) / masks)} %`,
      note: done === undefined ? "" : `${saved} of ${masks}`,
    },
    {
      name: "Time",
      value: done === undefined ? open : `${done.seconds.toFixed(2)} s`,
      note: perPass === undefined ? "" : `one token a pass, at this pace: ${(perPass * masks).toFixed(2)} s`,
    },
    {
      name: "Tokens",
      value: done === undefined ? open : String(done.completion_tokens),
      note: done === undefined || done.seconds === 0 ? "" : `${Math.round(done.completion_tokens / done.seconds)} a second`,
    },
    { name: "Seed", value: String(layout.seed), note: layout.alg },
  ];
}
