import { passesAfter, passesInAll } from "../recording.ts";
import type { Run } from "../run.ts";

export function Scrubber({ run, name }: { run: Run; name: string }) {
  const recording = run.recording.value;
  const steps = recording?.steps.length ?? 0;
  const where = recording === undefined ? "no passes" : `pass ${passesAfter(recording, run.shown.value)} / ${passesInAll(recording)}`;
  const togglePlay = (): void => {
    if (run.isPlaying.value) return run.pause();
    if (run.shown.value >= steps) run.show(0);
    run.play();
  };
  return (
    <div class="scrubber">
      <button type="button" disabled={recording === undefined} onClick={togglePlay}>
        {run.isPlaying.value ? "Pause" : "Play"}
      </button>
      <input
        type="range"
        min="0"
        max={steps}
        value={run.shown.value}
        disabled={recording === undefined}
        aria-label={name === "first" ? "Replay: step" : "Replay of the second: step"}
        aria-valuetext={where}
        onInput={(event) => {
          run.pause();
          run.show(event.currentTarget.valueAsNumber);
        }}
      />
      <output class="where">{where}</output>
    </div>
  );
}
