/** A message of an event stream. */
export interface EventMessage {
  type: string;
  data: unknown;
}

/** Reads server-sent events with JSON as data. Comments, which keep the connection open, are skipped. */
export async function* eventMessages(chunks: AsyncIterable<string>): AsyncGenerator<EventMessage> {
  let rest = "";
  for await (const chunk of chunks) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      const data = fields.get("data");
      if (data !== undefined) yield { type: fields.get("event") ?? "message", data: JSON.parse(data) };
    }
  }
}
