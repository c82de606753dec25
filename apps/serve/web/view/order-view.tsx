import { useEffect, useRef } from "preact/hooks";
import { passesInAll, type Recording, sureness } from "../recording.ts";
import type { ArNess } from "../../src/denoise-events.ts";
import type { Run } from "../run.ts";

/** When which position was decided, and how that compares with left to right. */
export function OrderView({ run }: { run: Run }) {
  const recording = run.recording.value;
  if (recording === undefined) return null;
  return (
    <details class="order" open>
      <summary>Order, and how close it is to left to right</summary>
      <div class="order-body">
        <figure>
          <HeatMap recording={recording} shown={run.shown.value} />
          <figcaption class="hint">
            A column is a position, a row a forward pass from the top. Shade: how sure the pass was of a token there; a dot: it was committed.
          </figcaption>
        </figure>
        <ArNessTable recording={recording} />
      </div>
    </details>
  );
}

function ArNessTable({ recording }: { recording: Recording }) {
  const percent = (share: number | undefined): string => (share === undefined ? "…" : `${Math.round(100 * share)} %`);
  return (
    <table>
      <caption>AR-ness of this run; 100 % is left to right</caption>
      <thead>
        <tr>
          <th scope="col">k</th>
          <th scope="col">local</th>
          <th scope="col">global</th>
          <th scope="col">global, at random</th>
        </tr>
      </thead>
      <tbody>
        {arNessOf(recording).map(({ k, local, global, random }) => (
          <tr key={k}>
            <th scope="row">{k}</th>
            <td>{percent(local)}</td>
            <td>{percent(global)}</td>
            <td>{percent(random)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The figures of the run, which are there once it is over; until then their places. */
function arNessOf({ done }: Recording): readonly Partial<ArNess>[] {
  if (done === undefined) return [{ k: 1 }, { k: 2 }, { k: 4 }];
  return done.ar_ness;
}

/** Cells of the picture, pixels. */
const SIDE = 16;
const MOST_PIXELS = 4096;

function HeatMap({ recording, shown }: { recording: Recording; shown: number }) {
  const element = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    paint(element.current!, recording, shown);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const again = (): void => paint(element.current!, recording, shown);
    dark.addEventListener("change", again);
    const watch = new MutationObserver(again);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      dark.removeEventListener("change", again);
      watch.disconnect();
    };
  }, [recording, shown]);
  return <canvas ref={element} role="img" aria-label={`Order of reveal, positions by pass: ${orderText(recording)}`} />;
}

/** Which position each pass committed, for those who do not see the picture. */
function orderText({ steps }: Recording): string {
  return steps
    .filter(({ positions }) => positions.length > 0)
    .map(({ forward_passes: pass, positions }) => `pass ${pass}: ${positions.map((position) => position + 1).join(", ")}`)
    .join("; ");
}

function paint(canvas: HTMLCanvasElement, recording: Recording, shown: number): void {
  const { layout, steps } = recording;
  const side = Math.max(1, Math.min(SIDE, Math.floor(MOST_PIXELS / Math.max(layout.cells.length, steps.length))));
  canvas.width = layout.cells.length * side;
  canvas.height = Math.max(1, passesInAll(recording)) * side;
  const context = canvas.getContext("2d")!;
  const { color: ink, caretColor: dot } = getComputedStyle(canvas); // where the style sheet keeps the two colors of the picture
  const fill = (position: number, row: number, sure: number): void => {
    context.globalAlpha = 0.06 + 0.8 * sure;
    context.fillStyle = ink;
    context.fillRect(position * side, row * side, side, side);
  };
  for (const step of steps.slice(0, shown)) {
    const row = Math.max(0, step.forward_passes - 1);
    const { provisional } = step;
    provisional?.positions.forEach((position, j) => fill(position, row, sureness(layout.alg, provisional.confidence[j]!)));
    step.positions.forEach((position, j) => {
      fill(position, row, sureness(layout.alg, step.confidence[j]!));
      context.globalAlpha = 1;
      context.fillStyle = dot;
      context.beginPath();
      context.arc((position + 0.5) * side, (row + 0.5) * side, Math.max(0.5, side * 0.36), 0, 2 * Math.PI);
      context.fill();
    });
  }
  context.fillStyle = ink;
  shadeGiven(context, recording, side);
}

/** Columns of given tokens, of which no pass decides anything. */
function shadeGiven(context: CanvasRenderingContext2D, recording: Recording, side: number): void {
  context.globalAlpha = 0.08;
  for (const [position, text] of recording.layout.cells.entries())
    if (text !== null) context.fillRect(position * side, 0, side, context.canvas.height);
}
