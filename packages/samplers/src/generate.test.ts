import { AbortedError, createRandom, InvalidArgumentError } from "@diffucoder/core";
import { transferSchedule } from "@diffucoder/diffusion";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import { dreamDecoder } from "./decoders/dream.ts";
import { generate } from "./generate.ts";
import { replayTrace } from "./trace.ts";

const [PAD, END] = [0, 1];

/** Proposes the column's number plus ten, surest in the middle of the row. */
const columns: Propose = (row, column) => ({ token: column + 10, confidence: -Math.abs(column - row.length / 2) });

const dream = (
  options: Partial<Parameters<typeof generate>[0]> & {
    steps?: number;
    maxNewTokens?: number;
    temperature?: number;
    schedule?: "dream" | "even";
  } = {},
) => {
  const { steps = 4, maxNewTokens = 8, temperature = 0, schedule = "even", ...rest } = options;
  return generate({
    denoiser: fakeDenoiser(columns),
    promptIds: [[5, 6]],
    maxNewTokens,
    decoder: dreamDecoder({ steps, temperature, schedule }),
    random: createRandom(0),
    padTokenId: PAD,
    ...rest,
  });
};

describe("generate with Dream's decoder", () => {
  it("commits the surest tokens of each step, worked by hand", async () => {
    const { completionIds, traces, forwardPasses } = await dream();
    expect(completionIds).toEqual([[12, 13, 14, 15, 16, 17, 18, 19]]);
    // Ten columns, the middle is column 5, completion position 3; ties go to the left.
    expect(traces[0]!.steps.map(({ positions }) => positions)).toEqual([
      [5, 4],
      [6, 3],
      [7, 2],
      [8, 9],
    ]);
    expect(forwardPasses).toBe(4);
  });

  it("commits as many tokens in each step as the schedule says, until no mask is left", async () => {
    const sizes = fc.record({
      maxNewTokens: fc.integer({ min: 1, max: 20 }),
      steps: fc.integer({ min: 1, max: 25 }),
      schedule: fc.constantFrom("dream" as const, "even" as const),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ maxNewTokens, steps, schedule }) => {
        const { completionIds, traces, forwardPasses } = await dream({ maxNewTokens, steps, schedule });
        const counts = transferSchedule({ maskCount: maxNewTokens, steps, schedule });
        const committed = traces[0]!.steps.map(({ positions }) => positions.length);
        expect(committed).toEqual(counts.slice(0, committed.length));
        expect(counts.slice(committed.length).every((count) => count === 0)).toBe(true); // no step is made on a finished canvas
        expect(forwardPasses).toBe(counts.filter((count) => count > 0).length); // no pass is spent where nothing is committed
        expect(completionIds[0]).not.toContain(MASK);
      }),
    );
  });

  it("pads shorter prompts on the left, and for the model on the right, which it tells what is padding", async () => {
    const denoiser = fakeDenoiser(columns);
    const { sequences } = await dream({ denoiser, promptIds: [[5, 6, 7], [8]], maxNewTokens: 2, steps: 1 });
    expect(sequences).toEqual([
      [5, 6, 7, 13, 14],
      [PAD, PAD, 8, 11, 12],
    ]);
    const request = denoiser.requests[0]!;
    expect([...request.inputIds]).toEqual([5, 6, 7, MASK, MASK, 8, MASK, MASK, PAD, PAD]);
    expect([...request.attentionMask!]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect([...request.positionIds!]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 1, 1]);
  });

  it("keeps the padding of prompts that are given a length, from whose first column blocks count", async () => {
    const denoiser = fakeDenoiser(columns);
    await dream({ denoiser, promptIds: [[8]], promptLength: 3, maxNewTokens: 2, steps: 1 });
    const request = denoiser.requests[0]!;
    expect([...request.inputIds]).toEqual([PAD, PAD, 8, MASK, MASK]);
    expect([...request.attentionMask!]).toEqual([0, 0, 1, 1, 1]);
    expect([...request.positionIds!]).toEqual([1, 1, 0, 1, 2]);
  });

  it("fills masks inside the prompt", async () => {
    const { sequences } = await dream({ promptIds: [[5, MASK, 7]], maxNewTokens: 1, steps: 2 });
    expect(sequences).toEqual([[5, 11, 7, 13]]);
  });

  it("makes everything behind an end token padding, and stops asking about it", async () => {
    const denoiser = fakeDenoiser((row, column) => ({ token: column === 4 ? END : column + 10, confidence: column === 4 ? 1 : -column }));
    const { completionIds, traces } = await dream({ denoiser, steps: 8, eosTokenIds: [END] });
    expect(completionIds).toEqual([[12, 13, END, PAD, PAD, PAD, PAD, PAD]]);
    expect(traces[0]!.steps[0]).toMatchObject({ positions: [4], filled: [5, 6, 7, 8, 9] });
    expect(denoiser.requests.map(({ positions }) => positions.length)).toEqual([8, 2, 1]);
  });

  it("gives a row the same completion alone and in any batch", async () => {
    // What is proposed depends on the row's tokens and on its draw; some rows end early and leave the batch.
    const propose: Propose = (row, column, uniform) => {
      const sum = row.reduce((total, token) => total + token, 0);
      return { token: uniform < 0.15 ? END : 10 + ((sum + column) % 7), confidence: ((sum * 31 + column * 17) % 101) / 101 };
    };
    const prompts = fc.array(fc.array(fc.integer({ min: 2, max: 50 }), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(prompts, fc.integer({ min: 0, max: 1000 }), async (promptIds, seed) => {
        const run = (rows: readonly number[]) =>
          dream({
            denoiser: fakeDenoiser(propose),
            promptIds: rows.map((row) => promptIds[row]!),
            promptLength: 4,
            random: rows.map((row) => createRandom(seed).split("row", row)),
            temperature: 1,
            steps: 6,
            eosTokenIds: [END],
          });
        const all = await run([...promptIds.keys()]);
        for (const row of promptIds.keys()) expect((await run([row])).sequences[0]).toEqual(all.sequences[row]);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves a trace that gives every intermediate canvas again", async () => {
    const canvases: number[][] = [];
    const { traces, sequences } = await dream({ onStep: ({ sequences: rows }) => canvases.push([...rows[0]!]) });
    expect(replayTrace(traces[0]!)).toEqual(canvases);
    expect(canvases.at(-1)).toEqual(sequences[0]);
  });

  it("draws the same with the same seed, and otherwise with another", async () => {
    const propose: Propose = (_, column, uniform) => ({ token: 2 + Math.floor(uniform * 90), confidence: column });
    const run = async (seed: number) => (await dream({ denoiser: fakeDenoiser(propose), random: createRandom(seed), temperature: 1 })).completionIds;
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it("refuses empty and overlong prompts, naming the row", async () => {
    await expect(dream({ promptIds: [] })).rejects.toThrow(
      new InvalidArgumentError({ argument: "promptIds", value: [], expected: "at least one prompt" }),
    );
    await expect(dream({ promptIds: [[1], []], promptLength: 2 })).rejects.toThrow(
      /^promptIds\[1\] must be from 1 to 2 tokens long, got "0 tokens"\.$/,
    );
    await expect(dream({ promptIds: [[1, 2, 3]], promptLength: 2 })).rejects.toThrow(
      /^promptIds\[0\] must be from 1 to 2 tokens long, got "3 tokens"\.$/,
    );
  });

  it("refuses a prompt that the model has no room for, before any pass", async () => {
    const denoiser = { ...fakeDenoiser(columns), maxLength: 9 };
    await expect(dream({ denoiser, promptIds: [[1], [5, 6]] })).rejects.toThrow(
      'promptIds[1] must be at most 9 tokens long, prompt and completion together, got "10 tokens with its completion". That is what the model was made for: shorten the prompt or ask for fewer new tokens.',
    );
    expect(denoiser.requests).toHaveLength(0);
  });

  it("stops between two steps", async () => {
    const stop = new AbortController();
    let steps = 0;
    const run = dream({
      signal: stop.signal,
      onStep: () => {
        steps++;
        if (steps === 2) stop.abort();
      },
    });
    await expect(run).rejects.toThrow(new AbortedError("Generation"));
    expect(steps).toBe(2);
  });
});
