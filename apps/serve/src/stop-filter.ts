/**
 * Cuts a growing text before the first stop string to be complete, and returns what may be sent already: a tail that could begin a
 * stop string is held back until that is clear.
 */
export class StopFilter {
  readonly #stops: readonly string[];
  #sent = 0;
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** Whether a stop string was found; nothing more is sent then. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * @param text the whole text so far, which begins with that of the previous call
   * @param complete whether nothing will follow
   * @returns the newly settled piece, perhaps empty
   */
  push(text: string, { complete = false }: { complete?: boolean } = {}): string {
    if (this.#stopped) return "";
    const cut = cutBefore(text, this.#stops);
    this.#stopped = cut !== undefined;
    const end = cut ?? (complete ? text.length : text.length - this.#heldBack(text));
    const piece = text.slice(this.#sent, end);
    this.#sent = Math.max(this.#sent, end);
    return piece;
  }

  /** Length of the longest tail of `text` that begins a stop string. */
  #heldBack(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}

/** Start of the stop string that is complete first, as if the text had come character by character; of two, the longer. */
function cutBefore(text: string, stops: readonly string[]): number | undefined {
  let [cut, firstEnd]: [number | undefined, number] = [undefined, Infinity];
  for (const stop of stops) {
    const start = text.indexOf(stop);
    const end = start + stop.length;
    if (start < 0 || end > firstEnd || (end === firstEnd && start > cut!)) continue;
    [cut, firstEnd] = [start, end];
  }
  return cut;
}
