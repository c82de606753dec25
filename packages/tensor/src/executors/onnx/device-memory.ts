// Memory of a device that arrays hold. The garbage collector sees an array of a few bytes and takes its time, while a gigabyte of the
// device waits for it; so it is called when much has been taken since it last came.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What arrays may hold beyond twice what they held after the last collection, bytes. */
const SLACK = 2 ** 28;

export class DeviceMemory {
  #held = 0;
  #limit = SLACK;
  #collect: (() => void) | undefined;

  /** An array has been made. */
  take(bytes: number): void {
    this.#held += bytes;
  }

  /** An array has been freed. */
  giveBack(bytes: number): void {
    this.#held -= bytes;
    this.#limit = Math.min(this.#limit, 2 * this.#held + SLACK);
  }

  /** Has the arrays that nobody can reach found, if it is time; their finalizers run in a later turn of the event loop. */
  collectGarbage(): void {
    if (this.#held <= this.#limit) return;
    this.#collect ??= exposedCollector();
    this.#collect();
    this.#limit = 2 * this.#held + SLACK; // finalizers bring it down
  }
}

function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
