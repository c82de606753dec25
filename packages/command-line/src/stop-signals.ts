// What Ctrl-C, `kill` and a closed terminal do to a command: the first asks it to stop and keep its work, the second ends it at once.
import { constants } from "node:os";
import { AbortedError } from "@diffucoder/core";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Name of a signal that asks a command to stop. */
export type StopSignal = (typeof SIGNALS)[number];

/** Why a command was stopped. It is the `reason` of the signal of `stopSignals`. */
export class StoppedBySignal extends AbortedError {
  /** As in a shell: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP. */
  readonly exitCode: number;

  constructor(name: StopSignal) {
    super("The command");
    this.exitCode = 128 + constants.signals[name];
  }
}

/** The part of `process` that `stopSignals` uses. */
export interface SignalSource {
  /** Calls back at each signal of that name. */
  on(name: StopSignal, listener: (name: StopSignal) => void): unknown;
  /** Ends the process. */
  exit(code: number): void;
}

/**
 * A signal that fires at the first SIGINT, SIGTERM or SIGHUP. The second one ends the process.
 *
 * @param source where the signals come from. @default this process
 */
export function stopSignals(source: SignalSource = process): AbortSignal {
  const stop = new AbortController();
  for (const name of SIGNALS) {
    source.on(name, () => {
      const reason = new StoppedBySignal(name);
      if (stop.signal.aborted) source.exit(reason.exitCode);
      stop.abort(reason);
    });
  }
  return stop.signal;
}
