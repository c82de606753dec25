import { signal } from "@preact/signals";
import { withoutFence } from "../code-text.ts";
import { cellsAfter, endOf, type Recording } from "../recording.ts";
import type { Run } from "../run.ts";

const copied = signal<Run | undefined>(undefined);

/** The text as it stands, masks as blocks; the code alone once it is all there. */
export function CodeView({ run }: { run: Run }) {
  const recording = run.recording.value;
  const isComplete = run.isComplete.value;
  const text = recording === undefined ? "" : isComplete ? withoutFence(recording.done!.text) : partial(recording, run.shown.value);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    copied.value = run;
  };
  return (
    <div class="code-view">
      <div class="bar">
        <h3>Code</h3>
        <button type="button" class="quiet" disabled={!isComplete || text.trim() === ""} onClick={() => void copy()}>
          {copied.value === run ? "Copied" : "Copy"}
        </button>
      </div>
      <pre tabIndex={0} aria-label="The code">
        {text}
      </pre>
    </div>
  );
}

const MASK = "▒";

function partial(recording: Recording, shown: number): string {
  const cells = cellsAfter(recording, shown);
  const text = cells.slice(0, endOf(cells)).map((cell) => (cell.kind === "mask" ? MASK : cell.text));
  return withoutFence(text.join(""));
}
