import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { floorDivide, floorModulo } from "./floor-division.ts";
import { operations } from "./operations.ts";
import { behaviourOf, runPipeline } from "./pipeline.ts";
import { frameCount, renderPrompt } from "./render.ts";
import { placedPipelines, splitOf } from "./splits.ts";
import { makeTests, nearMisses } from "./test-cases.ts";

const all = placedPipelines(3);

describe("splits", () => {
  it("share neither a skeleton nor a behaviour", () => {
    const splitsOf = (of: (placed: (typeof all)[number]) => string): Set<string>[] => {
      const found = new Map<string, Set<string>>();
      for (const placed of all) found.set(of(placed), (found.get(of(placed)) ?? new Set()).add(placed.split));
      return [...found.values()];
    };
    expect(splitsOf(({ skeleton }) => skeleton).filter((splits) => splits.size > 1)).toEqual([]);
    expect(splitsOf(({ pipeline }) => behaviourOf(pipeline)).filter((splits) => splits.size > 1)).toEqual([]);
  });

  it("share no prompt: no two operations can be asked for in the same words", () => {
    const owners = new Map<string, string>();
    for (const { slot, key, phrases } of Object.values(operations).flat()) {
      for (const phrase of phrases) {
        expect(owners.get(`${slot}: ${phrase}`) ?? key, phrase).toBe(key);
        owners.set(`${slot}: ${phrase}`, key);
      }
    }
    const prompts = new Map<string, string>();
    for (const { pipeline, split, key } of createRandom(3).shuffle(all).slice(0, 4000)) {
      for (let frame = 0; frame < frameCount; frame++) {
        const prompt = renderPrompt(pipeline, createRandom(frame), frame);
        expect(prompts.get(prompt) ?? split, `${key}: ${prompt}`).toBe(split);
        prompts.set(prompt, split);
      }
    }
  });

  it("hold about a tenth each for development and test, and no single operation", () => {
    const share = (split: string): number => all.filter((one) => one.split === split).length / all.length;
    for (const split of ["dev", "test"]) {
      expect(share(split)).toBeGreaterThan(0.05);
      expect(share(split)).toBeLessThan(0.2);
    }
    expect(all.filter(({ depth, split }) => depth === 1 && split !== "train")).toEqual([]);
  });

  it("depend on the skeleton's name alone", () => {
    expect(splitOf("keep even")).toBe("train");
    expect(splitOf("keep even > square")).toBe(splitOf("keep even > square"));
  });
});

describe("runPipeline", () => {
  it("rounds and takes remainders as Python does", () => {
    expect([floorDivide(-7, 2), floorModulo(-7, 3), floorModulo(7, 3)]).toEqual([-4, 2, 1]);
  });

  it("leaves its input as it was", () => {
    const xs = [3, 1, 2];
    for (const { pipeline } of createRandom(1).shuffle(all).slice(0, 300)) runPipeline(pipeline, xs);
    expect(xs).toEqual([3, 1, 2]);
  });

  it("has a key for every operation, and no key twice", () => {
    const keys = Object.values(operations).flatMap((list) => list.map(({ key }) => key));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("makeTests", () => {
  it("tells a task from the programs that differ in one operation", () => {
    let [missed, compared] = [0, 0];
    for (const { pipeline } of createRandom(2).shuffle(all).slice(0, 60)) {
      const { tests } = makeTests(pipeline, { visible: 8, hidden: 16, random: createRandom(0) });
      for (const miss of nearMisses(pipeline)) {
        if (behaviourOf(miss) === behaviourOf(pipeline)) continue; // the same task in other words
        compared++;
        const passes = tests.every(([[xs], expected]) => JSON.stringify(runPipeline(miss, xs)) === JSON.stringify(expected));
        if (passes) missed++;
      }
    }
    expect(compared).toBeGreaterThan(1000);
    expect(missed / compared).toBeLessThan(0.005);
  });
});
