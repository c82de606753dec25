import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRate, LearningRateScheduleSchema } from "./schedule.ts";

const schedule = (more: object) => LearningRateScheduleSchema.parse({ learningRate: 2, ...more });

describe("learningRate", () => {
  it("warms up linearly to the peak", () => {
    const config = schedule({ lrSchedulerType: "constant", warmupSteps: 4 });
    expect([0, 1, 2, 3, 4, 50].map((step) => learningRate(config, step, 100))).toEqual([0.5, 1, 1.5, 2, 2, 2]);
  });

  it("falls linearly or along half a cosine to its smallest rate", () => {
    const linear = schedule({ lrSchedulerType: "linear", minLrRate: 0.5 });
    expect([0, 5, 10].map((step) => learningRate(linear, step, 10))).toEqual([2, 1.5, 1]);
    const cosine = schedule({ minLrRate: 0.1 });
    expect([0, 5, 10].map((step) => learningRate(cosine, step, 10))).toBeAllclose([2, 1.1, 0.2], { atol: 1e-12 });
  });

  it("lies between the smallest rate and the peak after the warm-up, and never rises there", () => {
    const options = fc.record({
      lrSchedulerType: fc.constantFrom("constant", "linear", "cosine_with_min_lr"),
      warmupSteps: fc.integer({ min: 0, max: 20 }),
      minLrRate: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(options, fc.integer({ min: 21, max: 60 }), (settings, total) => {
        const config = schedule(settings);
        let before = Infinity;
        for (let step = settings.warmupSteps; step < total; step++) {
          const rate = learningRate(config, step, total);
          expect(rate).toBeLessThanOrEqual(Math.min(2, before) + 1e-12);
          expect(rate).toBeGreaterThanOrEqual(2 * settings.minLrRate - 1e-12);
          before = rate;
        }
      }),
    );
  });
});
