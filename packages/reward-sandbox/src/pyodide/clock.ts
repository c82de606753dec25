/** The time of a job: that of the current item, and that of all. */
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

  /** Of the item, until now. */
  milliseconds(): number {
    return Math.round((performance.now() - this.#started) * 1000) / 1000;
  }

  /** The result of what the job is not to pay for with its time. */
  async outside<T>(work: Promise<T>): Promise<T> {
    const before = performance.now();
    try {
      return await work;
    } finally {
      this.#end += performance.now() - before;
    }
  }
}
