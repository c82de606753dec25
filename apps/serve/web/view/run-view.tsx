import type { Run } from "../run.ts";
import { Board } from "./board.tsx";
import { CodeView } from "./code-view.tsx";
import { Figures } from "./figures.tsx";
import { OrderView } from "./order-view.tsx";
import { Scrubber } from "./scrubber.tsx";
import { CutNote, Instead, StatusLine } from "./status-line.tsx";

/** One generation: its canvas, its code, its figures. */
export function RunView({ run, title, name }: { run: Run; title: string; name: "first" | "second" }) {
  return (
    <section class="card run" aria-labelledby={`${name}-title`} data-run={name}>
      <h2 id={`${name}-title`}>{title}</h2>
      <StatusLine run={run} />
      <Instead run={run} />
      <Board run={run} />
      <Scrubber run={run} name={name} />
      <CutNote run={run} />
      <Figures run={run} />
      <CodeView run={run} />
      <OrderView run={run} />
    </section>
  );
}
