import type { OnProgress, ProgressEvent } from "@diffucoder/core";
import { SingleBar } from "cli-progress";

/** Shows progress: a bar with an estimate on a terminal, JSON lines otherwise. */
export interface ProgressView {
  onProgress: OnProgress;
  close(): void;
}

/** Prints at most one JSON line per this many milliseconds and phase, and always the last step of a phase. */
const LINE_INTERVAL = 5000;

export function progressView({ json, stream }: { json: boolean; stream: NodeJS.WritableStream & { isTTY?: boolean } }): ProgressView {
  return stream.isTTY && !json ? barView(stream) : lineView(stream);
}

function barView(stream: NodeJS.WritableStream): ProgressView {
  let bar: SingleBar | undefined;
  let phase: string | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    onProgress: (event) => {
      if (event.phase !== phase) {
        close();
        phase = event.phase;
        bar = new SingleBar({
          stream,
          format: "{phase} {bar} {value}/{total}  {eta_formatted} left  {figures}",
          barsize: 24,
          hideCursor: true,
          etaBuffer: 20,
          gracefulExit: false,
        });
        bar.start(event.total, event.step, { phase, figures: "" });
      }
      bar?.update(event.step, { figures: figures(event) });
      if (event.step === event.total) close();
    },
    close,
  };
}

function lineView(stream: NodeJS.WritableStream): ProgressView {
  let phase: string | undefined;
  let printed = -Infinity;
  return {
    onProgress: (event) => {
      const now = performance.now();
      if (event.phase === phase && event.step !== event.total && now - printed < LINE_INTERVAL) return;
      [phase, printed] = [event.phase, now];
      stream.write(`${JSON.stringify(event)}\n`);
    },
    close: () => {},
  };
}

/** The figures worth a place in the bar. */
function figures({ metrics = {} }: ProgressEvent): string {
  return ["loss", "reward", "passRate", "kl"]
    .flatMap((name) => (metrics[name] === undefined ? [] : [`${name} ${metrics[name].toFixed(3)}`]))
    .join("  ");
}
