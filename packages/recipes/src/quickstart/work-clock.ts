import { JsonLinesLog } from "@diffucoder/core";

/** Total seconds of work over every start of a run; time between two starts does not count. */
export class WorkClock {
  readonly #log: JsonLinesLog<number>;
  #last = performance.now();
  #saved = performance.now();
  #pending = 0;
  seconds: number;

  constructor(path: string) {
    this.#log = new JsonLinesLog<number>(path);
    this.seconds = this.#log.kept.reduce((sum, one) => sum + one, 0);
  }

  tick(): void {
    const now = performance.now();
    const passed = (now - this.#last) / 1000;
    this.#last = now;
    this.seconds += passed;
    this.#pending += passed;
    if (now - this.#saved < 1000) return;
    this.#log.append(this.#pending);
    [this.#saved, this.#pending] = [now, 0];
  }
}
