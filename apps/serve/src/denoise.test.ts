import { setTimeout as later } from "node:timers/promises";
import { InvalidArgumentError } from "@diffucoder/core";
import { expect, it } from "vitest";
import { infillEvents } from "./denoise.ts";
import { PING, withPings } from "./event-stream.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { messagesOf, serve } from "./served.fixture.ts";

it("opens at once with a comment, tells the place in the queue, and numbers every event", async () => {
  const engine = createFakeEngine({ holdAt: 3 });
  const { post } = await serve(engine, { maxRows: 1 });
  const running = await post("/v1/denoise", { prompt: "p" });
  const waiting = await post("/v1/denoise", { prompt: "q" }); // its headers are here, though it waits
  expect(waiting.status).toBe(200);
  const reader = waiting.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes("queued")) seen += (await reader.read()).value;
  expect(seen).toBe(`${PING}id: 0\nevent: queued\ndata: {"ahead":1}\n\n`);
  engine.resume();
  for (let part = await reader.read(); !part.done; part = await reader.read()) seen += part.value;
  const ids = Array.from(seen.matchAll(/^id: (\d+)$/gm), ([, id]) => Number(id));
  expect(ids).toEqual([...ids.keys()]);
  expect(ids).toHaveLength(13); // queued, layout, 10 reveals, done
  expect((await messagesOf(running)).at(-1)?.event).toBe("done");
});

it("refuses a constraint that cannot be compiled though the request would have to wait, and gives its place back", async () => {
  const engine = createFakeEngine({ holdAt: 3 });
  const prepare: typeof engine.prepare = (options) => {
    const ready = async (): Promise<void> => {
      if (options.constraint !== undefined) throw new InvalidArgumentError({ argument: "constraint.pattern", value: "a+", expected: "smaller" });
    };
    return { ...engine.prepare(options), ready };
  };
  const { post } = await serve({ ...engine, prepare }, { maxRows: 1, maxWaiting: 1 });
  const running = await post("/v1/denoise", { prompt: "p" });
  for (let i = 0; i < 2; i++) {
    const refused = await post("/v1/denoise", { prompt: "q", regex: "a+" });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "regex", message: 'regex must be smaller, got "a+".' } }]);
  }
  engine.resume();
  expect((await messagesOf(running)).at(-1)?.event).toBe("done");
});

it("pings while nothing comes, and ends what it reads when it is left", async () => {
  let ended = false;
  async function* slow(): AsyncGenerator<string> {
    try {
      yield "a";
      await later(100);
      yield "b";
    } finally {
      ended = true;
    }
  }
  const seen: string[] = [];
  for await (const text of withPings(slow(), 10)) {
    seen.push(text);
    if (text === "b") break;
  }
  expect([seen[0], seen[1], seen.at(-1)]).toEqual(["a", PING, "b"]);
  expect(ended).toBe(true);
});

it("fills the holes of a text, in the text's own positions", async () => {
  const { post } = await serve(createFakeEngine());
  const messages = await messagesOf(await post("/v1/denoise", { template: ["a = ", { masks: 2 }, "\n"], prompt: "Add." }));
  expect(messages.map(({ event }) => event)).toEqual(["layout", "reveal", "done"]);
  expect(messages[0]!.data).toMatchObject({ cells: ["a = ", null, null, "\n"], completion_length: 2 });
  expect(messages[1]!.data).toMatchObject({ positions: [1, 2], texts: ["<1>", "<2>"] });
  expect(messages[2]!.data).toMatchObject({ text: "a = <1><2>\n", finish_reason: "stop" });
});

it("tells an infilling's failure after the steps that came before it", async () => {
  const layout = { promptTokens: 1, cells: [null], steps: 1, alg: "entropy", temperature: 0, topP: 1, seed: 0 };
  const events = infillEvents(layout, async () => {
    throw new Error("broken");
  });
  expect((await events.next()).value).toMatchObject({ type: "layout" });
  await expect(events.next()).rejects.toThrow("broken");
});

it("does not mind a failure after its reader has left", async () => {
  const layout = { promptTokens: 1, cells: [null], steps: 1, alg: "entropy", temperature: 0, topP: 1, seed: 0 };
  let fail = (_: Error): void => {};
  const step = { step: 0, positions: [0], tokenIds: [1], texts: ["a"], confidence: [1], entropy: [0], forwardPasses: 1 };
  const events = infillEvents(layout, (onStep) => {
    onStep({ ...step, edited: [], filled: [], remasked: [], expanded: [], deleted: [] });
    return new Promise((_, reject) => (fail = reject));
  });
  await events.next();
  expect((await events.next()).value).toMatchObject({ type: "reveal" });
  await events.return(undefined);
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", listen);
  fail(new Error("stopped"));
  await later(10);
  process.off("unhandledRejection", listen);
  expect(unhandled).toEqual([]);
});

it.each([
  [{}, "prompt: give a prompt, messages or a template; a template may have a prompt"],
  [{ prompt: "p", messages: [{ role: "user", content: "q" }] }, "prompt: give a prompt, messages or a template; a template may have a prompt"],
  [{ template: [] }, "template: must not be empty"],
  [{ template: [{ masks: 0 }] }, "template.0.masks: must be greater than 0, got 0"],
])("refuses %j", async (body, message) => {
  const { post } = await serve(createFakeEngine());
  const response = await post("/v1/denoise", body);
  expect([response.status, ((await response.json()) as { error: { message: string } }).error.message]).toEqual([400, message]);
});
