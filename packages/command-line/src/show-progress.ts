import type { OnProgress, ProgressEvent } from "@diffucoder/core";
import { SingleBar } from "cli-progress";
import type { ProgressStream, Terminal } from "./terminal.ts";

/** Prints at most one JSON line per this many milliseconds and phase, and always the first and the last step of a phase. */
const LINE_INTERVAL = 5000;

/** Metrics that the bar has room for. */
const SHOWN_METRICS = ["loss", "reward", "passRate", "kl"];

/** How progress is shown. */
export interface ShowProgressOptions {
  /** Where to show it; without `terminal.progress` nothing is shown. */
  terminal: Terminal;
  /** JSON lines on a terminal too. @default false: a bar on a terminal, JSON lines elsewhere */
  json?: boolean | undefined;
}

/** Runs work and shows its progress: a bar with an estimate of the time left on a terminal, a `ProgressEvent` per line elsewhere. */
export async function showProgress<T>(
  { terminal: { progress }, json = false }: ShowProgressOptions,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  if (progress === undefined) return work(() => {});
  if (json || progress.isTTY !== true) return work(jsonLines(progress));
  const bar = progressBar(progress);
  process.once("exit", bar.close); // restores the cursor, also when a second signal ends the process
  try {
    return await work(bar.onProgress);
  } finally {
    process.off("exit", bar.close);
    bar.close();
  }
}

function progressBar(stream: ProgressStream): { onProgress: OnProgress; close: () => void } {
  let bar: SingleBar | undefined;
  let phase: string | undefined;
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const open = ({ phase, total, step, unit }: ProgressEvent): SingleBar => {
    const format = `{phase} {bar} {value}/{total}${unit === "byte" ? " MB" : ""}  {eta_formatted} left  {metrics}`;
    const formatValue = (value: number, _: unknown, type: string): string =>
      unit === "byte" && type !== "percentage" ? megabytes(value) : `${value}`;
    const opened = new SingleBar({ stream, format, formatValue, barsize: 24, hideCursor: true, etaBuffer: 20, gracefulExit: false });
    opened.start(total, step, { phase, metrics: "" });
    return opened;
  };
  return {
    onProgress: (event) => {
      if (event.phase !== phase) {
        close();
        phase = event.phase;
        bar = open(event);
      }
      bar?.update(event.step, { metrics: metricsText(event) });
      if (event.step === event.total) close();
    },
    close,
  };
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

function jsonLines(stream: ProgressStream): OnProgress {
  let phase: string | undefined;
  let printed = -Infinity;
  return (event) => {
    const now = performance.now();
    if (event.phase === phase && event.step !== event.total && now - printed < LINE_INTERVAL) return;
    [phase, printed] = [event.phase, now];
    stream.write(`${JSON.stringify(event)}\n`);
  };
}

function metricsText({ metrics = {} }: ProgressEvent): string {
  return SHOWN_METRICS.flatMap((name) => (metrics[name] === undefined ? [] : [`${name} ${metrics[name].toFixed(3)}`])).join("  ");
}
