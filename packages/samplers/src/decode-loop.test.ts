import { AbortedError, createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import type { Canvas } from "./canvas.ts";
import { createDecodeLoop, type DecodeLoopOptions } from "./decode-loop.ts";
import { dreamDecoder } from "./decoders/dream.ts";
import { lladaDecoder } from "./decoders/llada.ts";
import type { Denoiser } from "./denoiser.ts";
import type { RowEvent } from "./events.ts";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import { SamplerOptionsSchema } from "./options.ts";
import { promptCanvas } from "./prompt-canvas.ts";

const PAD = 0;
const columns: Propose = (_, column) => ({ token: column + 10, confidence: column / 100 });
const decoderWith = (options: object = {}) => dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 2, schedule: "even", ...options }));
const canvasOf = (maxNewTokens: number, promptIds = [5]): Canvas =>
  promptCanvas({ promptIds, maxNewTokens, denoiser: { maskTokenId: MASK }, padTokenId: PAD });
const row = (maxNewTokens: number, options: object = {}) => ({ canvas: canvasOf(maxNewTokens), decoder: decoderWith(), ...options });
const loopOf = (options: Partial<DecodeLoopOptions> = {}) => createDecodeLoop({ denoiser: fakeDenoiser(columns), padTokenId: PAD, ...options });
async function eventsOf(events: AsyncIterable<RowEvent>): Promise<RowEvent[]> {
  const all: RowEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A denoiser whose passes wait until they are let go. */
function held(propose: Propose = columns) {
  const fake = fakeDenoiser(propose);
  const passes: (() => void)[] = [];
  const denoiser: Denoiser = {
    maskTokenId: MASK,
    propose: async (request) => {
      await new Promise<void>((resolve) => passes.push(resolve));
      return fake.propose(request);
    },
  };
  const turn = () => new Promise((resolve) => setTimeout(resolve, 2));
  return {
    denoiser,
    requests: fake.requests,
    /** Waits for a pass to begin. */
    begun: async () => {
      while (passes.length === 0) await turn();
    },
    letGo: async () => {
      while (passes.length === 0) await turn();
      passes.shift()!();
      await turn();
    },
  };
}

describe("a decode loop", () => {
  it("decodes others while a row's decoder is prepared, and lets that one in, end or fail", async () => {
    const loop = loopOf();
    const preparing = () => {
      let done = (_error?: Error): void => {};
      const prepared = new Promise<void>((resolve, reject) => (done = (error) => (error === undefined ? resolve() : reject(error))));
      return { row: loop.add(row(2, { decoder: { ...decoderWith(), prepare: () => prepared } })), done };
    };
    const [one, cancelled, failing] = [preparing(), preparing(), preparing()];
    expect(await eventsOf(loop.add(row(2)))).toHaveLength(2);
    expect(loop.stats()).toMatchObject({ running: 0, waiting: 3, done: 1 });
    cancelled.row.cancel();
    cancelled.done();
    failing.done(new Error("it is too large"));
    await expect(eventsOf(cancelled.row)).rejects.toThrow(AbortedError);
    await expect(eventsOf(failing.row)).rejects.toThrow("it is too large");
    const drained = loop.drain();
    one.done();
    await drained;
    expect(await eventsOf(one.row)).toHaveLength(2);
    expect(loop.stats()).toMatchObject({ running: 0, waiting: 0, done: 2, failed: 2 });
  });

  it("gives each row its own events, counted from its own first step", async () => {
    const fake = fakeDenoiser(columns);
    const loop = loopOf({ denoiser: fake });
    const [first, second] = [loop.add(row(4)), loop.add(row(2, { decoder: decoderWith({ steps: 1 }) }))];
    const [firstEvents, secondEvents] = await Promise.all([eventsOf(first), eventsOf(second)]);
    expect(firstEvents.map(({ step, forwardPasses, positions, tokens }) => [step, forwardPasses, positions, tokens])).toEqual([
      [0, 1, [3, 2], [14, 13]],
      [1, 2, [1, 0], [12, 11]],
    ]);
    expect(secondEvents.map(({ step, positions }) => [step, positions])).toEqual([[0, [1, 0]]]);
    expect([...first.canvas.ids]).toEqual([5, 11, 12, 13, 14]);
    expect(fake.requests.map(({ rows }) => rows)).toEqual([[0, 1], [0]]);
    expect(loop.stats()).toEqual({
      running: 0,
      waiting: 0,
      done: 2,
      failed: 0,
      forwardPasses: 2,
      forwardTokens: 15,
      committedTokens: 6,
      plans: undefined,
    });
  });

  it("lets a row wait until there is room for its keys and values, and refuses one for which there never is", async () => {
    const fake = fakeDenoiser(columns);
    // Room for twelve columns in all.
    const denoiser: Denoiser = { ...fake, rowsOfLength: (length, most) => Math.min(most, Math.floor(12 / length)) };
    const loop = loopOf({ denoiser });
    const added = [loop.add(row(3)), loop.add(row(5)), loop.add(row(3)), loop.add(row(2))];
    await Promise.all(added.map(eventsOf));
    // Two of four and six columns; then the others, of which the first has the first row's slot.
    expect(fake.requests.map(({ rows }) => rows)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(() => loop.add(row(12))).toThrow(
      'canvas must be short enough for its keys and values to fit into maxCacheBytes, got "13 tokens with its completion". Shorten the prompt, ask for fewer new tokens, or raise maxCacheBytes.',
    );
  });

  it("waits until a row's decoder is prepared; one that cannot be fails alone, one that is cancelled meanwhile never joins", async () => {
    const order: string[] = [];
    const prepared = (name: string, work: () => void = () => {}) => ({
      decoder: {
        ...decoderWith(),
        prepare: async () => {
          await Promise.resolve(order.push(name));
          work();
        },
      },
    });
    const loop = loopOf();
    const fails = (): never => {
      throw new TypeError("too large");
    };
    const good = loop.add(row(2, prepared("good")));
    const bad = loop.add(row(2, prepared("bad", fails)));
    const gone = loop.add(
      row(
        2,
        prepared("gone", () => gone.cancel()),
      ),
    );
    const last = loop.add(row(2, prepared("last")));
    const [, badEnd, goneEnd] = await Promise.allSettled([good, bad, gone, last].map(eventsOf));
    expect(badEnd).toEqual({ status: "rejected", reason: new TypeError("too large") });
    expect(goneEnd).toMatchObject({ status: "rejected", reason: { name: "AbortedError" } });
    expect([...good.canvas.ids, ...last.canvas.ids]).toEqual([5, 11, 12, 5, 11, 12]);
    expect(order).toEqual(["good", "bad", "gone", "last"]);
    expect(loop.stats()).toMatchObject({ running: 0, waiting: 0, done: 2, failed: 2 });
  });

  it("lets rows in at the next step, and those that wait when others leave", async () => {
    const { denoiser, requests, letGo } = held();
    const loop = loopOf({ denoiser, maxRows: 2 });
    const [long] = [loop.add(row(4, { decoder: decoderWith({ steps: 4 }) })), loop.add(row(1))];
    await letGo();
    const late = [loop.add(row(2)), loop.add(row(3))];
    // The row of one mask has left after its step, and the pass of the other is under way.
    expect(loop.stats()).toMatchObject({ running: 1, waiting: 2 });
    while (loop.stats().running + loop.stats().waiting > 0) await letGo();
    await Promise.all([long, ...late].map(eventsOf));
    expect(requests.map(({ rows }) => rows)).toEqual([[0, 1], [0], [0, 1], [0, 1], [0], [0]]);
  });

  it("keeps the bound on tokens, in the order of arrival", async () => {
    const fake = fakeDenoiser(columns);
    const loop = loopOf({ denoiser: fake, maxTokens: 12 });
    // Rows of 3, 5, 9 and 3 tokens: the third needs the loop for itself, and the last does not overtake it.
    await Promise.all([2, 4, 8, 2].map((masks) => eventsOf(loop.add(row(masks)))));
    expect(fake.requests.map(({ batchSize, length }) => [batchSize, length])).toEqual([
      [2, 5],
      [2, 5],
      [1, 9],
      [1, 9],
      [1, 3],
      [1, 3],
    ]);
  });

  it("decodes a row that is longer than the bound on tokens, alone", async () => {
    const fake = fakeDenoiser(columns);
    const loop = loopOf({ denoiser: fake, maxTokens: 4 });
    const [long] = [loop.add(row(8)), loop.add(row(2))].map(eventsOf);
    await long;
    await loop.drain();
    expect(fake.requests.map(({ batchSize, length }) => [batchSize, length])).toEqual([...[1, 2].map(() => [1, 9]), ...[1, 2].map(() => [1, 3])]);
  });

  it("says how long a row was decoded, without its wait", async () => {
    const { denoiser, begun, letGo } = held();
    const loop = loopOf({ denoiser, maxRows: 1 });
    const [first, second] = [loop.add(row(2)), loop.add(row(2))];
    const reading = [first, second].map(eventsOf);
    await begun();
    expect(first.seconds).toBeGreaterThan(0);
    expect(second.seconds).toBe(0);
    while (loop.stats().running + loop.stats().waiting > 0) await letGo();
    await Promise.all(reading);
    const { seconds } = first;
    expect(first.seconds).toBe(seconds);
    expect(second.seconds).toBeGreaterThan(0);
  });

  it("ends a row that is cancelled, before the next pass and without waiting for the one that runs", async () => {
    const { denoiser, requests, begun, letGo } = held();
    const loop = loopOf({ denoiser });
    const stop = new AbortController();
    const [kept, cancelled, aborted, left] = [loop.add(row(4)), loop.add(row(4)), loop.add(row(4, { signal: stop.signal })), loop.add(row(4))];
    await begun();
    cancelled.cancel();
    stop.abort();
    await left.return!();
    await expect(eventsOf(cancelled)).rejects.toThrow(new AbortedError("Generation"));
    await expect(eventsOf(aborted)).rejects.toThrow(new AbortedError("Generation"));
    expect(await eventsOf(left)).toEqual([]);
    expect(loop.stats()).toMatchObject({ running: 1, failed: 3 });
    await letGo();
    await letGo();
    expect(requests.map(({ batchSize }) => batchSize)).toEqual([4, 1]);
    expect(await eventsOf(kept)).toHaveLength(2);
    await expect(eventsOf(loop.add(row(1, { signal: stop.signal })))).rejects.toThrow(AbortedError);
  });

  it("keeps a row's failure to itself", async () => {
    const numbers: Propose = (ids, column) => ({ token: column + 10, confidence: ids[0] === 7 ? Number.NaN : 1 });
    const loop = loopOf({ denoiser: fakeDenoiser(numbers) });
    const hook = (): never => {
      throw new Error("hook");
    };
    const rows = [
      loop.add(row(2)),
      loop.add(row(2, { tokensHook: hook })),
      loop.add({ ...row(2), canvas: canvasOf(2, [7]) }),
      loop.add(row(2, { decoder: decoderWith({ temperature: 1 }) })),
      loop.add(row(8, { decoder: lladaDecoder({ steps: 1, blockLength: 4 }) })),
    ];
    const outcomes = await Promise.all(rows.map((one) => eventsOf(one).then(String, (error: Error) => error.message)));
    expect(outcomes.slice(1)).toEqual([
      "hook",
      'logits must be numbers, got "NaN at column 1 of row 2". The model\'s parameters are damaged, or its activations overflow.',
      "random must be a stream, as this decoder draws, got undefined. Pass createRandom(seed) of @diffucoder/core; only temperature 0 needs none.",
      "steps must be at least 2, one for each block, got 1.",
    ]);
    expect([...rows[0]!.canvas.ids]).toEqual([5, 11, 12]);
    expect(loop.stats()).toMatchObject({ done: 1, failed: 4, running: 0 });
  });

  it("makes a pass that fails again for each row alone", async () => {
    const fake = fakeDenoiser(columns);
    const denoiser: Denoiser = {
      ...fake,
      propose: (request) => (request.inputIds.includes(66) ? Promise.reject(new Error("66")) : fake.propose(request)),
    };
    const loop = loopOf({ denoiser });
    const [good, bad] = [loop.add(row(2)), loop.add({ ...row(2), canvas: canvasOf(2, [66]) })];
    await expect(eventsOf(bad)).rejects.toThrow("66");
    expect(await eventsOf(good)).toHaveLength(2);
  });

  it("does not wait for a slow reader, who gets every event in the end", async () => {
    const loop = loopOf();
    const slow = loop.add(row(4, { decoder: decoderWith({ steps: 4 }) }));
    await loop.drain();
    expect((await eventsOf(slow)).map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  });

  it("gives the processor away between two steps", async () => {
    const loop = loopOf();
    let ticks = 0;
    const tick = (): void => void (ticks++, setImmediate(tick));
    setImmediate(tick);
    await eventsOf(loop.add(row(8, { decoder: decoderWith({ steps: 8 }) })));
    expect(ticks).toBeGreaterThanOrEqual(8);
  });

  it("drains and closes", async () => {
    const loop = loopOf();
    const events = loop.add(row(2));
    await loop.drain();
    expect(loop.stats()).toMatchObject({ running: 0, done: 1 });
    expect(await eventsOf(events)).toHaveLength(2);
    expect(() => loop.add(row(2))).toThrow("The decode loop is not available: it takes no more rows.");
    const other = loopOf({ maxRows: 1 });
    const rows = [other.add(row(2)), other.add(row(2))];
    await other.close();
    for (const one of rows) await expect(eventsOf(one)).rejects.toThrow(AbortedError);
    expect(other.stats()).toMatchObject({ running: 0, waiting: 0, failed: 2 });
  });

  it("lends the rows of a session, clears those that come back, and closes it when nobody is left", async () => {
    const log: string[] = [];
    const fake = fakeDenoiser(columns);
    const denoiser: Denoiser = {
      maskTokenId: MASK,
      propose: fake.propose,
      openSession: ({ rows }) => {
        log.push(`open ${rows}`);
        return { propose: fake.propose, release: (slot) => log.push(`release ${slot}`), close: () => log.push("close") };
      },
    };
    const loop = loopOf({ denoiser, maxRows: 2 });
    await Promise.all([1, 2, 1].map((masks) => eventsOf(loop.add(row(masks, { random: createRandom(0) })))));
    expect(log).toEqual(["open 2", "release 0", "release 0", "release 1", "close"]);
  });

  it.each([
    [{ maxRows: 0 }, "maxRows must be an integer from 1 to 65536, got 0."],
    [{ maxRows: 1.5 }, "maxRows must be an integer from 1 to 65536, got 1.5."],
    [{ maxTokens: 0 }, "maxTokens must be a positive integer, got 0."],
    [{ padTokenId: -1 }, "padTokenId must be a token id, an integer from 0 to 2147483647, got -1."],
    [{ denoiser: {} }, "denoiser must be a Denoiser, { maskTokenId, propose }, got {}."],
  ])("refuses %j", (options, message) => {
    expect(() => loopOf(options as never)).toThrow(message);
  });

  it("refuses rows that are not what they should be, at once", () => {
    const loop = loopOf({ denoiser: { ...fakeDenoiser(columns), vocabSize: 100, maxLength: 4 } });
    expect(() => loop.add(row(2, { decoder: {} }))).toThrow("decoder must be a Decoder, as dreamDecoder makes one, got {}.");
    expect(() => loop.add(row(2, { eosTokenIds: [100] }))).toThrow("eosTokenIds[0] must be a token id, an integer from 0 to 99, got 100.");
    expect(() => loop.add(row(4))).toThrow(
      'canvas must be at most 4 tokens long, prompt and completion together, got "5 tokens with its completion".',
    );
    expect(() => loop.add({ ...row(1), canvas: canvasOf(1, [500]) })).toThrow("canvas.ids[0] must be a token id, an integer from 0 to 99, got 500.");
  });
});
