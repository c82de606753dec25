import { setMaxListeners } from "node:events";

/**
 * Calls `onAbort` once when the signal fires. The rows of a batch and the programs of a sandbox all listen to one signal, so
 * Node's warning about more than ten listeners is switched off for it.
 *
 * @param signal `undefined`: never
 * @returns ends the listening; call it when the work is done, since signals outlive it
 */
export function listenForAbort(signal: AbortSignal | undefined, onAbort: () => void): () => void {
  if (signal === undefined) return () => {};
  setMaxListeners(0, signal);
  signal.addEventListener("abort", onAbort, { once: true });
  return () => signal.removeEventListener("abort", onAbort);
}
