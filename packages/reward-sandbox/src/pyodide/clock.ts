/** The time of a job: of the current item, and in total. */
export class Clock {
  #end: number;
  #started = 0;
  #deadline = 0;

  constructor(seconds: number) {
    this.#end = performance.now() + 1000 * seconds;
    this.startItem(seconds);
  }

  startItem(seconds: number): void {
    this.#started = performance.now();
    this.#deadline = Math.min(this.#end, this.#started + 1000 * seconds);
  }

  /** Milliseconds until the item, or the job, is over. */
  left(): number {
    return this.#deadline - performance.now();
  }

  isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Time of the item so far. */
  milliseconds(): number {
    return Math.round((performance.now() - this.#started) * 1000) / 1000;
  }

  /** Runs something whose time the job does not pay for. */
  async outside<T>(work: Promise<T>): Promise<T> {
    const before = performance.now();
    try {
      return await work;
    } finally {
      this.#end += performance.now() - before;
    }
  }
}
