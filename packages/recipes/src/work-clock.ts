import { JsonLinesLog } from "@diffucoder/core";

/** Seconds by some clock. */
export type Clock = () => number;

/** Time that passes. */
export const wallClock: Clock = () => performance.now() / 1000;

/** Time that this process' threads compute, added up. */
export const processorClock: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Total seconds of work over every start of a run; time between two starts does not count. */
export class WorkClock {
  readonly #log: JsonLinesLog<number>;
  readonly #clock: Clock;
  #last: number;
  #saved: number;
  #pending = 0;
  seconds: number;

  constructor(path: string, clock: Clock = wallClock) {
    this.#log = new JsonLinesLog<number>(path);
    this.#clock = clock;
    this.#last = this.#saved = clock();
    this.seconds = this.#log.kept.reduce((sum, one) => sum + one, 0);
  }

  tick(): void {
    const now = this.#clock();
    const passed = now - this.#last;
    this.#last = now;
    this.seconds += passed;
    this.#pending += passed;
    if (now - this.#saved < 1) return;
    this.#log.append(this.#pending);
    [this.#saved, this.#pending] = [now, 0];
  }
}
