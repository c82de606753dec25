/**
 * A server-sent-events response. Lines are produced at their own pace and wait in memory for a slow reader (a generation is a few hundred short lines
 * at most), so a stalled reader cannot hold up the queue.
 *
 * @param messages whole messages, see `message`
 * @param onCancel called when the client goes away
 */
export function eventStream(messages: AsyncIterable<string>, { onCancel }: { onCancel: () => void }): Response {
  const encoder = new TextEncoder();
  let gone = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      void (async () => {
        for await (const text of messages) {
          if (gone) return;
          controller.enqueue(encoder.encode(text));
        }
        if (!gone) controller.close();
      })();
    },
    cancel() {
      gone = true;
      onCancel();
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no" },
  });
}

/** One message. JSON has no raw line breaks, so one `data` line is always enough. */
export function message(data: unknown, { event, id }: { event?: string; id?: number | string | undefined } = {}): string {
  const head = `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}`;
  return `${head}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

/** A line that readers skip: it opens a stream at once, and keeps one open through proxies that cut silent ones. */
export const PING = ": ping\n\n";

/** Proxies cut a stream that is silent for a minute. */
export const PING_MS = 15_000;

/** Messages with a ping whenever none came for `intervalMs`. */
export async function* withPings(messages: AsyncGenerator<string>, intervalMs = PING_MS): AsyncGenerator<string> {
  let next = messages.next();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), intervalMs)));
      const result = await Promise.race([next, silence]);
      clearTimeout(timer);
      if (result === undefined) {
        yield PING;
        continue;
      }
      if (result.done === true) return;
      yield result.value;
      next = messages.next();
    }
  } finally {
    await messages.return(undefined);
  }
}
