import { listenForAbort } from "@diffucoder/core";

export interface RequestSignal {
  /** Fires when the client has left, the time is up or the server stops. */
  signal: AbortSignal;
  /** The client has left. */
  cancel: () => void;
  /** Call it when the request is over: it releases the timer and the server's signal. */
  end: () => void;
}

/**
 * What ends one request: its client, its time limit, the server.
 *
 * One controller with its own timer and listeners. `AbortSignal.any` of an `AbortSignal.timeout` would do the same in one line, but Node holds the
 * sources of such a signal weakly: after a garbage collection the time limit never fires (nodejs/node#57736). The `request` is kept for the same
 * reason: its signal lives no longer than it does.
 *
 * @param timeLimitMs milliseconds, waiting for the turn included
 */
export function requestSignal({ request, shutdown, timeLimitMs }: { request: Request; shutdown?: AbortSignal; timeLimitMs: number }): RequestSignal {
  const controller = new AbortController();
  const cancel = (): void => controller.abort();
  const timer = setTimeout(() => controller.abort(new DOMException("The time limit has passed.", "TimeoutError")), timeLimitMs);
  const endListening = listenForAbort(shutdown, () => controller.abort(shutdown?.reason));
  const end = (): void => {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", cancel);
    endListening();
  };
  request.signal.addEventListener("abort", cancel, { once: true });
  if (request.signal.aborted) cancel();
  if (shutdown?.aborted) controller.abort(shutdown.reason);
  return { signal: controller.signal, cancel, end };
}
