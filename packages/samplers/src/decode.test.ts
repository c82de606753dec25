import { AbortedError, createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Canvas } from "./canvas.ts";
import { decodeCanvases, type RunOptions } from "./decode.ts";
import { dreamDecoder } from "./decoders/dream.ts";
import type { Denoiser } from "./denoiser.ts";
import type { StepEvent } from "./events.ts";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import { SamplerOptionsSchema } from "./options.ts";

const [PAD, END] = [0, 1];
const columns: Propose = (_, column) => ({ token: column + 10, confidence: column / 100 });
const canvasOf = (ids: readonly number[], completionStart = 1, start = 0): Canvas => ({
  ids: Int32Array.from(ids),
  start,
  completionStart,
  filled: new Set(),
});
const decoder = (options: object = {}) => dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 2, schedule: "even", ...options }));

async function run(canvases: readonly Canvas[], options: Partial<RunOptions> = {}): Promise<StepEvent[]> {
  const events: StepEvent[] = [];
  const all = { denoiser: fakeDenoiser(columns), decoder: decoder(), random: createRandom(0), padTokenId: PAD, ...options };
  for await (const event of decodeCanvases(canvases, all)) events.push(event);
  return events;
}

describe("decodeCanvases", () => {
  it("pads rows of different lengths on the right, unseen by the model", async () => {
    const denoiser = fakeDenoiser(columns);
    const canvases = [canvasOf([5, MASK, MASK, MASK]), canvasOf([5, MASK])];
    await run(canvases, { denoiser, decoder: decoder({ steps: 1 }) });
    expect(canvases.map(({ ids }) => [...ids])).toEqual([
      [5, 11, 12, 13],
      [5, 11],
    ]);
    const [request] = denoiser.requests;
    expect([...request!.inputIds]).toEqual([5, MASK, MASK, MASK, 5, MASK, PAD, PAD]);
    expect([...request!.attentionMask!]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
    expect([...request!.positionIds!]).toEqual([0, 1, 2, 3, 0, 1, 1, 1]);
  });

  it("gives a row the same tokens alone and beside rows of any length, padded left or right", async () => {
    // What is proposed depends on the row's real tokens and on its draw.
    const propose: Propose = (row, column, uniform) => {
      const real = row.slice(0, row.indexOf(-1) === -1 ? row.length : row.indexOf(-1)).filter((token) => token !== PAD);
      const sum = real.reduce((total, token) => total + token, 0);
      return { token: uniform < 0.15 ? END : 10 + ((sum + column) % 7), confidence: ((sum * 31 + column * 17) % 101) / 101 };
    };
    const rowOf = fc.record({ prompt: fc.integer({ min: 1, max: 3 }), masks: fc.integer({ min: 1, max: 9 }), start: fc.integer({ min: 0, max: 2 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(rowOf, { minLength: 2, maxLength: 6 }), fc.nat(1000), fc.constantFrom(0, 2), async (rows, seed, algTemp) => {
        const canvas = ({ prompt, masks, start }: (typeof rows)[number]) =>
          canvasOf(
            [
              ...Array.from({ length: start }, () => PAD),
              ...Array.from({ length: prompt }, (_, i) => 40 + i),
              ...Array.from({ length: masks }, () => MASK),
            ],
            start + prompt,
            start,
          );
        const random = rows.map((_, i) => createRandom(seed).split("row", i));
        const options = { decoder: decoder({ steps: 4, temperature: 1, algTemp }), denoiser: fakeDenoiser(propose), eosTokenIds: [END] };
        const together = rows.map(canvas);
        await run(together, { ...options, random });
        for (const [i, row] of rows.entries()) {
          const alone = canvas(row);
          await run([alone], { ...options, random: [createRandom(seed).split("row", i)] });
          expect([...alone.ids]).toEqual([...together[i]!.ids]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("keeps the numbers of rows when others have left, and tells blocks and passes", async () => {
    const denoiser = fakeDenoiser(columns);
    const canvases = [canvasOf([5, MASK]), canvasOf([5, 8]), canvasOf([5, MASK, MASK]), canvasOf([5, 8])];
    const events = await run(canvases, { denoiser });
    expect(denoiser.requests.map(({ rows }) => rows)).toEqual([[0, 2], [2]]);
    expect(denoiser.requests.map(({ windows }) => [...windows!])).toEqual([
      [0, 2, 0, 3],
      [0, 3],
    ]);
    expect(events.map(({ forwardPasses, forwardTokens }) => [forwardPasses, forwardTokens])).toEqual([
      [1, 6],
      [2, 9],
    ]);
  });

  it("tells provisional tokens from committed ones when asked to", async () => {
    const [event] = await run([canvasOf([5, MASK, MASK])], { provisional: true });
    expect(event!.rows[0]).toMatchObject({ positions: [1], tokens: [12], edited: [], provisional: { positions: [0], tokens: [11] } });
  });

  it("lets the tokens hook change a row after each step, and records it", async () => {
    const steps: (number | null)[] = [];
    const canvas = canvasOf([5, MASK, MASK, MASK]);
    const events = await run([canvas], {
      tokensHook: (step, ids) => {
        steps.push(step);
        if (step === 0) ids[1] = 77;
      },
    });
    expect([...canvas.ids]).toEqual([5, 77, 12, 13]);
    expect(events[0]!.rows[0]!.change.hooked).toEqual({ positions: [1], tokens: [77] });
    expect(steps).toEqual([0]); // the hook left nothing to do in the second step
  });

  it("opens one session for a run and closes it at the end, on errors, and when it is stopped", async () => {
    const log: string[] = [];
    const withSession = (propose: Denoiser["propose"]): Denoiser => ({
      maskTokenId: MASK,
      propose,
      openSession: () => {
        log.push("open");
        return { propose, close: () => log.push("close") };
      },
    });
    const fake = fakeDenoiser(columns);
    await run([canvasOf([5, MASK, MASK])], { denoiser: withSession(fake.propose) });
    expect(log.splice(0)).toEqual(["open", "close"]);
    await expect(run([canvasOf([5, MASK])], { denoiser: withSession(() => Promise.reject(new Error("gone"))) })).rejects.toThrow("gone");
    expect(log.splice(0)).toEqual(["open", "close"]);
    const stop = new AbortController();
    const abortedAfterFirst = withSession((request) => {
      stop.abort();
      return fake.propose(request);
    });
    await expect(run([canvasOf([5, MASK, MASK])], { denoiser: abortedAfterFirst, signal: stop.signal })).rejects.toThrow(AbortedError);
    expect(log).toEqual(["open", "close"]);
  });

  it("refuses rows that are longer than the model can take, padding not counted", async () => {
    const denoiser = { ...fakeDenoiser(columns), maxLength: 3 };
    await run([canvasOf([PAD, 5, MASK, MASK], 2, 1)], { denoiser });
    await expect(run([canvasOf([5, MASK, MASK, MASK])], { denoiser })).rejects.toThrow(
      'promptIds[0] must be at most 3 tokens long, prompt and completion together, got "4 tokens with its completion". That is what the model was made for: shorten the prompt or ask for fewer new tokens.',
    );
  });

  it("says where logits are not numbers", async () => {
    const denoiser = fakeDenoiser((_, column) => ({ token: 3, confidence: column === 2 ? Number.NaN : 1 }));
    await expect(run([canvasOf([5, MASK, MASK])], { denoiser })).rejects.toThrow(
      'logits must be numbers, got "NaN at column 2 of row 0". The model\'s parameters are damaged, or its activations overflow.',
    );
  });
});
