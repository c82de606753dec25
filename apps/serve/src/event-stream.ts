/**
 * A server-sent-events response. The lines are produced at their own speed and wait in memory for a slow reader (a
 * generation is a few hundred short lines at most), so that nobody holds up the queue by not reading.
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

/** One message. JSON has no raw line breaks, so one `data` line always does. */
export function message(data: unknown, { event }: { event?: string } = {}): string {
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
