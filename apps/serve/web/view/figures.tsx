import { type Figure, figuresOf } from "../figures.ts";
import type { Run } from "../run.ts";

/** The places of the figures before there are any. */
const NONE: readonly Figure[] = ["Forward passes", "Passes saved", "Time", "Tokens", "Seed"].map((name) => ({ name, value: "–" }));

export function Figures({ run }: { run: Run }) {
  const recording = run.recording.value;
  return (
    <dl class="figures">
      {(recording === undefined ? NONE : figuresOf(recording)).map(({ name, value, note }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="number">{value}</dd>
          <dd class="note">{note}</dd>
        </div>
      ))}
    </dl>
  );
}
