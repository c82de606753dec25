import { createRandom, TooLongError } from "@diffucoder/core";
import type { Task } from "@diffucoder/tasks";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawSamples, type DrawSamplesOptions, type KeptSample } from "./draw-samples.ts";

const tasks = ["a", "b", "c"].map((id): Task => ({ id, language: "python", prompt: { kind: "text", text: id }, entryPoint: "f" }));

/** A model that writes a random number. */
const options = (changes: Partial<DrawSamplesOptions> = {}): DrawSamplesOptions => ({
  tasks,
  samplesPerTask: 4,
  batchSize: 5,
  seed: 5,
  generate: async (requests) => requests.map(({ seed }) => ({ text: String(createRandom(seed).uniform()) })),
  ...changes,
});
const tooLong = new TooLongError({ argument: "messages", what: "The prompt", tokens: 9, limit: 4, wayOut: "Write less" });

describe("drawSamples", () => {
  it("gives the same samples for every batch size and whichever were there already", async () => {
    const kept: KeptSample[] = [];
    const one = await drawSamples(options({ batchSize: 1, onSample: (sample) => kept.push(sample) }));
    expect(one.samples.map(({ line, taskId }) => [line, taskId]).slice(3, 6)).toEqual([
      [4, "a"],
      [5, "b"],
      [6, "b"],
    ]);
    expect(new Set(one.samples.map(({ text }) => text)).size).toBe(12);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.subarray(kept), async (batchSize, finished) => {
        let drawn = 0;
        const again = await drawSamples(options({ batchSize, finished, onSample: () => drawn++ }));
        expect(again).toEqual(one);
        expect(drawn).toBe(12 - finished.length);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  it("leaves out a task that is too long, once, and asks no more of it", async () => {
    const asked: string[] = [];
    const { samples, leftOut } = await drawSamples(
      options({
        batchSize: 2,
        generate: async (requests) => {
          asked.push(...requests.map(({ task }) => task.id));
          return requests.map(({ task }) => (task.id === "b" ? tooLong : { text: "x" }));
        },
      }),
    );
    expect(samples.map(({ line }) => line)).toEqual([1, 2, 3, 4, 9, 10, 11, 12]);
    expect(leftOut).toEqual([{ where: "b", reason: tooLong.message }]);
    expect(asked.filter((id) => id === "b")).toHaveLength(2);
  });

  it("calls what fills a hole a completion, and keeps how it was drawn", async () => {
    const hole: Task = { id: "h", language: "python", prompt: { kind: "hole", prefix: "a", suffix: "b" } };
    const { samples } = await drawSamples(options({ tasks: [hole], samplesPerTask: 1, generate: async () => [{ text: "x", trace: [1] }] }));
    expect(samples).toEqual([{ line: 1, taskId: "h", text: "x", kind: "completion", trace: [1] }]);
  });

  it("tells its progress, and stops between batches", async () => {
    const stop = new AbortController();
    const steps: unknown[] = [];
    const drawing = drawSamples(
      options({
        signal: stop.signal,
        phase: "draw",
        onProgress: ({ phase, step, total }) => {
          steps.push([phase, step, total]);
          if (step === 10) stop.abort();
        },
      }),
    );
    await expect(drawing).rejects.toThrow("Generating was stopped.");
    expect(steps).toEqual([
      ["draw", 5, 12],
      ["draw", 10, 12],
    ]);
  });

  it.each([
    [{ samplesPerTask: 0 }, "samplesPerTask must be a positive integer, got 0."],
    [{ batchSize: 1.5 }, "batchSize must be a positive integer, got 1.5."],
    [{ tasks: [tasks[0]!, tasks[0]!] }, 'tasks must be tasks with distinct ids, got "a".'],
    [{ generate: async () => [] }, "the result of generate must be a list of 5, one per request, got 0."],
  ])("refuses %o", async (changes: Partial<DrawSamplesOptions>, message) => {
    await expect(drawSamples(options(changes))).rejects.toThrow(message);
  });
});
