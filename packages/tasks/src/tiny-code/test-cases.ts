// Test inputs are chosen against near misses: programs with one operation swapped, one constant changed or one stage
// dropped. Each chosen input is the one that tells the most of the remaining near misses from the task.
import type { Random } from "@diffucoder/core";
import { chooseInputs } from "./choose-inputs.ts";
import { operations } from "./operations.ts";
import { type Pipeline, runPipeline } from "./pipeline.ts";

/** Arguments and the value that a right solution returns. */
export type TestCase = [args: [number[]], expected: number | number[]];

const CANDIDATES = 48;

/** Tests of a pipeline, chosen so that near misses fail; no input is in both lists. */
export function makeTests(pipeline: Pipeline, { visible, hidden, random }: MakeTestsOptions): { tests: TestCase[]; hiddenTests: TestCase[] } {
  const candidates = drawInputs(random, Math.max(CANDIDATES, 2 * (visible + hidden)));
  const outputs = candidates.map((xs) => JSON.stringify(runPipeline(pipeline, xs)));
  const caught = nearMisses(pipeline).map((miss) => candidates.map((xs, i) => JSON.stringify(runPipeline(miss, xs)) !== outputs[i]));
  const chosen = chooseInputs(outputs, caught, visible + hidden);
  const cases = chosen.map((i): TestCase => [[candidates[i] as number[]], runPipeline(pipeline, candidates[i] as number[])]);
  return { tests: cases.slice(0, visible), hiddenTests: cases.slice(visible) };
}

interface MakeTestsOptions {
  /** Number of tests that rewards may use. */
  visible: number;
  /** Number of tests for evaluation only. */
  hidden: number;
  /** Draws the inputs to choose from. */
  random: Random;
}

/** Pipelines that differ from this one in one operation. */
export function nearMisses(pipeline: Pipeline): Pipeline[] {
  return pipeline.flatMap((operation, i) => {
    const swapped = operations[operation.slot].filter(({ key }) => key !== operation.key).map((other) => pipeline.with(i, other));
    const dropped = pipeline.toSpliced(i, 1);
    return dropped.length === 0 ? swapped : [...swapped, dropped];
  });
}

/** Distinct lists of integers, from empty to ten elements, the first two fixed. */
function drawInputs(random: Random, count: number): number[][] {
  const inputs = new Map<string, number[]>([
    ["[]", []],
    ["[4]", [4]],
  ]);
  while (inputs.size < count) {
    const wide = random.uniform() < 0.3;
    const xs = Array.from({ length: random.integer(2, 11) }, () => (wide ? random.integer(-40, 61) : random.integer(-8, 16)));
    inputs.set(JSON.stringify(xs), xs);
  }
  return [...inputs.values()];
}
