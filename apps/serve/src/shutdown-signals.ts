import { type SignalSource, StoppedBySignal, type StopSignal } from "@diffucoder/command-line";

const SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** npm and a terminal hand one Ctrl-C on twice or three times; signals so close together are one, milliseconds. */
const SAME = 500;

/** What signals ask of the server. */
export interface Shutdown {
  /** Fires at the first signal: the server finishes what it has. */
  stop: AbortSignal;
  /** Fires at the second: it ends what it has. */
  cut: AbortSignal;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP drains the server, the second cuts its requests, the third ends the process.
 *
 * @param source where the signals come from. @default this process
 * @param clock milliseconds
 */
export function shutdownSignals(source: SignalSource = process, clock: () => number = () => performance.now()): Shutdown {
  const [stop, cut] = [new AbortController(), new AbortController()];
  let last = -Infinity;
  for (const name of SIGNALS)
    source.on(name, () => {
      const now = clock();
      if (now - last < SAME) return;
      last = now;
      const reason = new StoppedBySignal(name);
      if (!stop.signal.aborted) stop.abort(reason);
      else if (!cut.signal.aborted) cut.abort(reason);
      else source.exit(reason.exitCode);
    });
  return { stop: stop.signal, cut: cut.signal };
}
