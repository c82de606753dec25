// What the engine costs around the computation: tracing and compiling, starting a plan that is there, memory over many steps
// and over many plans; and that the event loop keeps running meanwhile.
import { add, compile, float32, linear, type Tensor } from "@diffucoder/tensor";
import { measured, median, type Result, timed } from "../measurement.ts";
import { makeModel } from "../models.ts";
import { trainingStep } from "../training-step.ts";
import type { SuiteOptions } from "./suite.ts";

const STEPS = 500;
const WARM_UP = 50;

export async function engineSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  say("engine ...");
  return [await firstStep(quick), await cachedPlan(), await eventLoop(), ...(await memoryOverSteps(quick ? 60 : STEPS)), ...(await memoryOfPlans())];
}

const megabytes = (): number => process.memoryUsage().rss / 1e6;
const result = (name: string, ours: number, unit: string, target?: Result["target"]): Result =>
  measured({ suite: "engine", name, ours, unit, target });

/** The first call traces, differentiates and compiles; what a later one takes is subtracted. */
async function firstStep(quick: boolean): Promise<Result> {
  const step = await trainingStep(makeModel("17M"));
  const first = await timed(() => step.run());
  const later: number[] = [];
  for (let i = 0; i < (quick ? 1 : 3); i++) later.push(await timed(() => step.run()));
  step.dispose();
  return result("tracing and compiling the 17M step", (first - median(later)) / 1000, "s", { of: "ours", atMost: 2 });
}

/** A call of a function that computes next to nothing, with as many arguments as a training step of 17M has. */
async function cachedPlan(): Promise<Result> {
  const state = Object.fromEntries(Array.from({ length: 351 }, (_, i) => [`parameter${i}`, float32([i])]));
  const touch = compile((arrays: Record<string, Tensor>) => add(arrays["parameter0"]!, 1));
  const times: number[] = [];
  for (let i = 0; i < 101; i++) times.push(await timed(() => touch(state)));
  touch.dispose();
  return result("a cached plan of 351 arrays, call to result", median(times.slice(1)), "ms", { of: "ours", atMost: 1 });
}

/** The longest that a timer, due every millisecond, had to wait. */
async function eventLoop(): Promise<Result> {
  const size = 2048;
  const x = float32(new Float32Array(size * size), [size, size]);
  const long = compile((a: Tensor) => linear(linear(linear(linear(a, a), a), a), a));
  await long(x);
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const duration = await timed(() => long(x));
  clearInterval(timer);
  long.dispose();
  return result(`longest pause of the event loop in a run of ${duration.toFixed(0)} ms`, longest, "ms");
}

async function memoryOverSteps(steps: number): Promise<Result[]> {
  const step = await trainingStep(makeModel("1.7M"));
  for (let i = 0; i < WARM_UP; i++) await step.run();
  const before = megabytes();
  for (let i = WARM_UP; i < steps; i++) await step.run();
  const growth = megabytes() - before;
  step.dispose();
  return [result(`growth of memory, steps ${WARM_UP} to ${steps} of 1.7M`, growth, "MB", { of: "ours", atMost: 20 })];
}

/** 134 MB of weights, read by plans for four batch sizes: as arguments, and frozen. */
async function memoryOfPlans(): Promise<Result[]> {
  const size = 2048;
  const weights = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`w${i}`, float32(new Float32Array(size * size).fill(1 / size), [size, size])]),
  );
  const results: Result[] = [];
  for (const frozen of [[], [0]]) {
    const network = compile((w: Record<string, Tensor>, x: Tensor) => Object.values(w).reduce((y, one) => linear(y, one), x), { frozen });
    const before = megabytes();
    for (let rows = 1; rows <= 4; rows++) await network(weights, float32(new Float32Array(rows * size), [rows, size]));
    const taken = megabytes() - before;
    network.dispose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const kind = frozen.length > 0 ? "frozen" : "argument";
    results.push(result(`memory of four plans over 134 MB of ${kind} weights`, taken, "MB"));
    results.push(result(`of which is left when they are dropped, ${kind}`, megabytes() - before, "MB"));
  }
  return results;
}
