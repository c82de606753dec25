import { setImmediate as nextTurn } from "node:timers/promises";

/** Something that takes long to make. */
export interface Compiled<T> {
  /** Makes it, and lets others have their turn every few milliseconds. */
  prepare(): Promise<void>;
  /** Made, or else made now. */
  now(): T;
}

/** Milliseconds of work between two turns. */
const SLICE = 8;

/**
 * Makes something once, whoever asks first. Callers share the work: one that cannot wait finishes what another has begun.
 *
 * @param work yields wherever it may be interrupted, and returns what is made; if it throws, so does every call
 */
export function compileInSlices<T>(work: () => Generator<void, T>): Compiled<T> {
  const steps = work();
  let outcome: { value: T } | { error: unknown } | undefined;
  /** Works until it is done, or the time is over. */
  const workUntil = (deadline: number): void => {
    try {
      while (outcome === undefined) {
        const step = steps.next();
        if (step.done === true) outcome = { value: step.value };
        else if (performance.now() >= deadline) return;
      }
    } catch (error) {
      outcome = { error };
    }
  };
  const now = (): T => {
    workUntil(Infinity);
    if (outcome !== undefined && "value" in outcome) return outcome.value;
    throw outcome?.error;
  };
  return {
    now,
    prepare: async () => {
      for (;;) {
        workUntil(performance.now() + SLICE);
        if (outcome !== undefined) return void now();
        await nextTurn();
      }
    },
  };
}
