import { AbortedError, createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { add, cast, float32, int32, linear, type NdArray, reshape, take, type Tensor } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingBatch } from "./batches.ts";
import type { StepMetrics } from "./metrics-log.ts";
import type { Objective } from "./objective.ts";
import { objectiveStage } from "./objective-stage.ts";
import { autoregressive } from "./objectives/autoregressive.ts";
import { diffusion } from "./objectives/diffusion.ts";
import type { Stage } from "./stage.ts";
import { train, type TrainOptions } from "./train.ts";
import { freshState, type TrainingState } from "./training-state.ts";

const config = { learningRate: 0.01, lrSchedulerType: "constant", warmupSteps: 0, minLrRate: 1, saveSteps: 100 } as const;
const start = (): TrainingState => freshState({ w: float32([0]) });

/** A stage that writes down its positions and adds `by` to the one parameter at each update. */
function counting(name: string, steps: number, { updates = 1, by = 1, log = [] as string[] } = {}): Stage {
  return {
    name,
    steps,
    prepare: async (_, { step, stageStep }) => {
      log.push(`${name} ${step} ${stageStep}`);
      return {
        figures: () => ({ stageStep }),
        updates: Array.from({ length: updates }, () => async ({ adam, parameters }: TrainingState, { count }) => {
          const state = { adam, parameters: { w: float32([parameters.w!.data[0]! + by]) } };
          return { state, loss: count, gradNorm: 1, gradNorms: float32([1]), figures: { count } };
        }),
      };
    },
    dispose: () => void log.push(`${name} disposed`),
  };
}

describe("train", () => {
  it("goes through its stages, counts optimizer steps over all of them, and means the figures of a step's updates", async () => {
    const log: string[] = [];
    const metrics: StepMetrics[] = [];
    const stages = [counting("a", 2, { log, updates: 2 }), counting("b", 1, { log, updates: 2, by: 10 })];
    const state = await train({ stages, config, state: start(), onStep: (line) => metrics.push(line) });
    expect(log).toEqual(["a 0 0", "a 1 1", "b 2 0", "a disposed", "b disposed"]);
    expect([...state.parameters.w!.data]).toEqual([24]);
    expect(metrics.map(({ step, stageStep, loss, count }) => [step, stageStep, loss, count])).toEqual([
      [1, 0, 1.5, 1.5],
      [2, 1, 3.5, 3.5],
      [3, 0, 5.5, 5.5],
    ]);
  });

  it("resumes at any step with the stage that is due", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }), fc.nat(), async (lengths, at) => {
        const run = async (startStep: number): Promise<string[]> => {
          const log: string[] = [];
          await train({ stages: lengths.map((steps, i) => counting(`s${i}`, steps, { log })), config, state: start(), startStep });
          return log;
        };
        const whole = await run(0);
        const startStep = at % (whole.length - lengths.length + 1);
        expect(await run(startStep)).toEqual(whole.slice(startStep));
      }),
      { seed: 4 },
    );
  });

  it("evaluates before the first step, every evalSteps steps and at the end, once each even when resumed", async () => {
    const options = (): TrainOptions<TrainingState> => ({
      stages: [counting("a", 5)],
      config: { ...config, evalSteps: 2 },
      state: start(),
      evaluate: async ({ parameters }) => ({ w: parameters.w!.data[0]! }),
    });
    const metrics: StepMetrics[] = [];
    const onEvaluation = (line: StepMetrics): void => void metrics.push(line);
    await train({ ...options(), onEvaluation });
    expect(metrics).toEqual([0, 2, 4, 5].map((step) => ({ step, w: step })));
    metrics.length = 0;
    await train({ ...options(), onEvaluation, startStep: 2, lastEvaluation: 2 });
    expect(metrics.map(({ step }) => step)).toEqual([4, 5]);
    metrics.length = 0;
    await train({ ...options(), onEvaluation, startStep: 5, lastEvaluation: 4 });
    expect(metrics.map(({ step }) => step)).toEqual([5]);
  });

  it.each(["prepare", "evaluate"])("keeps the state when it fails to %s", async (where) => {
    const saved: [number, number][] = [];
    const stage = counting("a", 5);
    const fail = async (at: number): Promise<never[]> => {
      if (at === 3) throw new Error("no network");
      return [];
    };
    const run = train({
      stages: [where === "prepare" ? { ...stage, prepare: async (state, at) => (await fail(at.step), stage.prepare(state, at)) } : stage],
      config: { ...config, evalSteps: 1 },
      state: start(),
      evaluate: async (_, step) => (where === "evaluate" && (await fail(step)), {}),
      onCheckpoint: ({ parameters }, step) => saved.push([step, parameters.w!.data[0]!]),
    });
    await expect(run).rejects.toThrow("no network");
    expect(saved).toEqual([[3, 3]]);
  });

  it("does not save what a second update of a step has spoilt", async () => {
    const saved: number[] = [];
    const stage = counting("a", 3, { updates: 2 });
    const spoilt: Stage = {
      ...stage,
      prepare: async (state, at) => {
        const { updates, ...rest } = await stage.prepare(state, at);
        const broken = async (...args: Parameters<(typeof updates)[0]>) => ({ ...(await updates[1]!(...args)), loss: Number.NaN });
        return { ...rest, updates: [updates[0]!, at.step === 1 ? broken : updates[1]!] };
      },
    };
    const run = train({ stages: [spoilt], config: { ...config, saveSteps: 1 }, state: start(), onCheckpoint: (_, step) => saved.push(step) });
    await expect(run).rejects.toThrow(
      "Training diverged at step 2 (a): loss NaN, gradient norm 1. The step was not taken, and would end like this again: train with a lower learningRate.",
    );
    expect(saved).toEqual([1]);
  });

  it("saves once when it is stopped right after a checkpoint", async () => {
    const stop = new AbortController();
    const saved: number[] = [];
    const run = train({
      stages: [counting("a", 5)],
      config: { ...config, saveSteps: 2 },
      state: start(),
      signal: stop.signal,
      onStep: ({ step }) => step === 2 && stop.abort(),
      onCheckpoint: (_, step) => saved.push(step),
    });
    await expect(run).rejects.toThrow(new AbortedError("Training").message);
    expect(saved).toEqual([2]);
  });
});

// Six words, the last of which is the mask; the logits behind a word are its row of a table.
const [VOCAB, MASK] = [6, 5];
const rows: TrainingBatch = {
  inputIds: Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]),
  attentionMask: new Int32Array(10).fill(1),
  completionMask: Int32Array.from([0, 0, 1, 1, 0, 0, 0, 1, 1, 1]),
  batchSize: 2,
  sequenceLength: 5,
  promptLength: 2,
};
const at = (stageStep: number) => ({ stageStep, random: createRandom(3) });

describe("objectives", () => {
  it("autoregressive: every completion token counts alike, and sees what stands before it", () => {
    const { inputIds, weights, attention } = autoregressive()(rows, at(0));
    expect([...inputIds.data]).toEqual([...rows.inputIds]);
    expect([...weights.data]).toBeAllclose(
      Array.from(rows.completionMask, (one) => one / 5),
      { rtol: 1e-6 },
    );
    expect(attention).toBe("causal");
  });

  it("diffusion: only completion tokens are masked, each masked one counts 1/t, and everything is seen", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { inputIds, weights, attention } = diffusion({ maskTokenId: MASK, eps: 1e-3 })(rows, { stageStep: 0, random: createRandom(seed) });
        rows.inputIds.forEach((clean, i) => {
          const isMasked = inputIds.data[i] === MASK;
          expect(isMasked || inputIds.data[i] === clean).toBe(true);
          if (i % 5 < 2) expect(isMasked).toBe(false);
          expect(weights.data[i]! > 0).toBe(isMasked);
          if (isMasked) expect(weights.data[i]! * 6).toBeGreaterThanOrEqual(0.999); // 1/t for t up to 1, of 6 tokens that could be masked
        });
        expect(attention).toBe("full");
      }),
      { seed: 5 },
    );
  });

  it("hand the network a mask of their own for each step, as annealing does", async () => {
    const seen: string[] = [];
    // What a token sees besides itself and those before it grows with the steps.
    const annealing: Objective = (batch, { stageStep, random }) => ({
      ...autoregressive()(batch, { stageStep, random }),
      attention:
        stageStep >= 2
          ? "full"
          : int32(
              Int32Array.from({ length: 25 }, (_, i) => (i % 5 <= Math.floor(i / 5) + stageStep ? 1 : 0)),
              [5, 5],
            ),
    });
    const logits: LogitsFunction = ({ table, share }, { inputIds, logitPositions, attention }) => {
      seen.push(typeof attention === "string" ? attention : `mask ${(attention as Tensor).shape.join()}`);
      const all = linear(take(table!, take(reshape(inputIds, [-1]), logitPositions!)), table!);
      return typeof attention === "string" ? all : add(all, linear(cast(reshape(attention as Tensor, [1, 25]), "float32"), share!));
    };
    const table = (seed: number, shape: number[]): NdArray => {
      const random = createRandom(seed);
      return float32(
        Array.from({ length: shape[0]! * shape[1]! }, () => random.normal()),
        shape,
      );
    };
    const state = freshState({ table: table(1, [VOCAB, VOCAB]), share: table(2, [VOCAB, 25]) });
    const optimizer = { maxGradNorm: 1, adamBeta1: 0.9, adamBeta2: 0.99, weightDecay: 0 };
    const stage = objectiveStage({
      name: "annealing",
      objective: annealing,
      steps: 4,
      logits,
      batch: () => rows,
      random: createRandom(0),
      optimizer,
    });
    const losses: number[] = [];
    await train({ stages: [stage], config, state, onStep: ({ loss }) => losses.push(loss!) });
    expect(seen).toEqual(["mask 5,5", "full"]); // traced once each: the two masks are two values of one input
    expect(losses.every(Number.isFinite)).toBe(true);
  });
});
