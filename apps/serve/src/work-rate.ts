/** Seconds after which what was measured counts half. */
const HALF_LIFE = 30;

/** How much work is done in a second while there is any, lately. */
export class WorkRate {
  readonly #clock: () => number;
  #running = 0;
  #since = 0;
  #work = 0;
  #seconds = 0;
  #hasEnded = false;

  /** @param clock seconds */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** A request begins. */
  begin(): void {
    if (this.#running++ === 0) this.#since = this.#clock();
  }

  /** A request ends. @param work what it has got done */
  end(work: number): void {
    this.#pass();
    this.#running--;
    this.#work += work;
    this.#hasEnded ||= work > 0;
  }

  /** How long so much work should take; while nothing has been done yet, as long as the first has been at it. */
  secondsFor(work: number): number {
    this.#pass();
    return this.#hasEnded ? (work * this.#seconds) / this.#work : this.#seconds;
  }

  #pass(): void {
    if (this.#running === 0) return;
    const now = this.#clock();
    const passed = now - this.#since;
    const kept = 0.5 ** (passed / HALF_LIFE);
    this.#work *= kept;
    this.#seconds = this.#seconds * kept + passed;
    this.#since = now;
  }
}
