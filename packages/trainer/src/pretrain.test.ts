import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbortedError, createRandom } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { add, float32, linear, type NdArray, reshape, take } from "@diffucoder/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import type { TrainingBatch } from "./batches.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { StepMetrics } from "./metrics-log.ts";
import { PretrainConfigSchema } from "./pretrain-config.ts";
import { pretrain, type PretrainOptions } from "./pretrain.ts";
import { freshState, type TrainingState } from "./training-state.ts";

// A network of one layer over six words, the last of which is the mask; completions count on from the prompt: 1 2 3 4.
const [VOCAB, MASK, DIM] = [6, 5, 6];
const logits: LogitsFunction = (parameters, { inputIds, logitPositions }) =>
  add(linear(take(parameters.words!, take(reshape(inputIds, [-1]), logitPositions!)), parameters["output.weight"]!), parameters["output.bias"]!);

const start = (): TrainingState => {
  const random = createRandom(5);
  const normal = (shape: number[]): NdArray =>
    float32(
      Array.from({ length: VOCAB * DIM }, () => 0.1 * random.normal()),
      shape,
    );
  return freshState({ words: normal([VOCAB, DIM]), "output.weight": normal([VOCAB, DIM]), "output.bias": float32([0, 0, 0, 0, 0, 0]) });
};

const batch = (): TrainingBatch => ({
  inputIds: Int32Array.from([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]),
  attentionMask: new Int32Array(10).fill(1),
  completionMask: Int32Array.from([0, 0, 1, 1, 1, 0, 0, 1, 1, 1]),
  batchSize: 2,
  sequenceLength: 5,
  promptLength: 2,
});

const stages = (autoregressive: number, diffusion: number) => [
  { objective: "autoregressive", maxSteps: autoregressive },
  { objective: "diffusion", maxSteps: diffusion },
];

const options = (config: object, state: TrainingState): PretrainOptions => ({
  config: PretrainConfigSchema.parse({ stages: stages(3, 5), perDeviceTrainBatchSize: 2, learningRate: 0.05, saveSteps: 3, ...config }),
  logits,
  state,
  batch,
  maskTokenId: MASK,
  random: createRandom(2),
});

const cloneAll = (arrays: Record<string, NdArray>): Record<string, NdArray> =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.clone()]));
const copy = ({ parameters, adam }: TrainingState): TrainingState => ({
  parameters: cloneAll(parameters),
  adam: { m: cloneAll(adam.m), v: cloneAll(adam.v) },
});
const numbersOf = ({ parameters, adam }: TrainingState): number[][] =>
  [parameters, adam.m, adam.v].flatMap((tree) => Object.values(tree).map(({ data }) => [...data]));

describe("pretrain", () => {
  it("starts at the loss of a guess and learns to count, autoregressive steps first", async () => {
    const metrics: StepMetrics[] = [];
    const phases: string[] = [];
    await pretrain({
      ...options({ stages: stages(60, 40) }, start()),
      onStep: (line) => metrics.push(line),
      onProgress: ({ phase }) => phases.push(phase),
    });
    expect(metrics[0]!.loss).toBeCloseTo(Math.log(VOCAB), 1);
    expect(metrics[59]!.loss).toBeLessThan(0.3);
    expect(phases).toEqual([...Array(60).fill("autoregressive"), ...Array(40).fill("diffusion")]);
  });

  it("ends a stopped and resumed run with the very numbers of an uninterrupted one", async () => {
    const whole = numbersOf(await pretrain(options({}, start())));
    const stop = new AbortController();
    let saved: { state: TrainingState; step: number } | undefined;
    const first = pretrain({
      ...options({}, start()),
      signal: stop.signal,
      onStep: ({ step }) => step === 4 && stop.abort(),
      onCheckpoint: (state, step) => (saved = { state: copy(state), step }),
    });
    await expect(first).rejects.toThrow(AbortedError);
    expect(saved?.step).toBe(4);
    expect(numbersOf(await pretrain({ ...options({}, saved!.state), startStep: saved!.step }))).toEqual(whole);
  });

  it.each([1, 2])("continues from a checkpoint's file as it was loaded, with %i batches a step", async (gradientAccumulationSteps) => {
    const folder = mkdtempSync(join(tmpdir(), "trainer-pretrain-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "checkpoint.safetensors");
    const whole = numbersOf(await pretrain(options({ gradientAccumulationSteps }, start())));
    for (const stopped of [1, 3, 4, 8]) {
      const onCheckpoint = (state: TrainingState, step: number) => void (step === stopped && saveCheckpoint(path, { ...state, step }));
      await pretrain({ ...options({ gradientAccumulationSteps, saveSteps: 1 }, start()), onCheckpoint });
      const state = loadCheckpoint(path)!;
      expect(numbersOf(await pretrain({ ...options({ gradientAccumulationSteps }, state), startStep: state.step }))).toEqual(whole);
    }
  });

  it("trains a network whose logits are not shifted on the tokens at their own positions", async () => {
    // Masked tokens are predicted from the mask alone, so the best guess is a completion token's frequency: 2, 3 or 4.
    const metrics: StepMetrics[] = [];
    const diffusion = { stages: stages(0, 60).slice(1) };
    const state = await pretrain({ ...options(diffusion, start()), shift: false, onStep: (line) => metrics.push(line) });
    const first = [...state.parameters["output.bias"]!.data];
    expect(first.slice(2, 5).every((bias) => bias > Math.max(first[0]!, first[1]!, first[5]!))).toBe(true);
    const shifted = await pretrain({ ...options(diffusion, start()), shift: true });
    expect(numbersOf(shifted)).not.toEqual(numbersOf(state));
  });

  it("trains in blocks, each behind its clean past, and resumes", async () => {
    const blocks = { stages: [{ objective: "block_diffusion", maxSteps: 8, eps: 1e-3, blockLength: 2 }] } as const;
    const whole = numbersOf(await pretrain(options(blocks, start())));
    const saved: TrainingState[] = [];
    await pretrain({ ...options({ ...blocks, saveSteps: 3 }, start()), onCheckpoint: (state) => void saved.push(copy(state)) });
    expect(numbersOf(await pretrain({ ...options(blocks, saved[0]!), startStep: 3 }))).toEqual(whole);
    // This network sees one token at a time, so what stands around it changes nothing: with logits at their own positions, the noised half
    // alone is scored; shifted, the clean one predicts the first tokens of the blocks.
    const plain = { stages: stages(0, 8).slice(1) };
    const unshifted = async (config: object) => numbersOf(await pretrain({ ...options(config, start()), shift: false }));
    expect(await unshifted(blocks)).toEqual(await unshifted(plain));
    expect(numbersOf(await pretrain(options(plain, start())))).not.toEqual(whole);
  });

  it("evaluates the last stage's loss on held-out batches, in earlier stages too, and resumes behind the last evaluation", async () => {
    const metrics: StepMetrics[] = [];
    const onEvaluation = (line: StepMetrics): void => void metrics.push(line);
    const longer = { ...options({ stages: stages(20, 30), evalSteps: 25 }, start()), evalBatches: [batch()], onEvaluation };
    const whole = numbersOf(await pretrain(longer));
    expect(metrics.map(({ step }) => step)).toEqual([0, 25, 50]);
    expect(metrics[2]!["evalLoss"]).toBeLessThan(metrics[0]!["evalLoss"]!);
    const unwatched = await pretrain(options({ stages: stages(20, 30) }, start()));
    expect(numbersOf(unwatched)).toEqual(whole);
    await pretrain({ ...longer, state: unwatched, startStep: 50, lastEvaluation: 25 });
    expect(metrics[3]).toEqual(metrics[2]);
    await pretrain({ ...longer, state: unwatched, startStep: 50, lastEvaluation: 50 });
    expect(metrics).toHaveLength(4);
  });

  it("refuses evalSteps without held-out batches", async () => {
    await expect(pretrain(options({ evalSteps: 2 }, start()))).rejects.toThrow('evalBatches must be at least one batch, got "none".');
  });

  it("refuses next-token prediction by such a network, which would copy what it sees", async () => {
    await expect(pretrain({ ...options({}, start()), shift: false })).rejects.toThrow(
      'stages[0].objective must be "diffusion" for a model whose logits predict the token at their own position, got "autoregressive".',
    );
  });

  it("saves every saveSteps steps and at the end", async () => {
    const steps: number[] = [];
    await pretrain({ ...options({}, start()), onCheckpoint: (_, step) => steps.push(step) });
    expect(steps).toEqual([3, 6, 8]);
  });

  it("accumulates the gradients of several batches, and resumes between steps", async () => {
    const numbers: number[] = [];
    const accumulating = (state: TrainingState): PretrainOptions => ({
      ...options({ gradientAccumulationSteps: 2 }, state),
      batch: (number) => (numbers.push(number), batch()),
    });
    const whole = numbersOf(await pretrain(accumulating(start())));
    expect(numbers).toEqual(Array.from({ length: 16 }, (_, i) => i));
    let saved: TrainingState | undefined;
    await pretrain({ ...accumulating(start()), onCheckpoint: (state, step) => step === 3 && (saved = copy(state)) });
    expect(numbersOf(await pretrain({ ...accumulating(saved!), startStep: 3 }))).toEqual(whole);
  });

  it.each([
    [{ inputIds: [0, 1, 2, 3, 4, 0, 1, 2, 3, -100] }, "batch(3).inputIds[9] must be a token id, an integer from 0 to 5, got -100."],
    [{ inputIds: [0, 1, 2, 3, 4, 0, 1, 2, 3, VOCAB] }, "batch(3).inputIds[9] must be a token id, an integer from 0 to 5, got 6."],
    [{ inputIds: [1, 2] }, 'batch(3).inputIds must be 10 numbers, batchSize * sequenceLength, got "2 numbers".'],
    [{ attentionMask: new Int32Array(9) }, 'batch(3).attentionMask must be 10 numbers, batchSize * sequenceLength, got "9 numbers".'],
    [{ completionMask: new Int32Array(10).fill(2) }, "batch(3).completionMask[0] must be 0 or 1, got 2."],
    [{ promptLength: 5 }, "batch(3).promptLength must be an integer from 0 to 4, before sequenceLength, got 5."],
    [{ batchSize: 0 }, "batch(3).batchSize must be an integer of at least 1, got 0."],
  ])("refuses a batch with %j, after a checkpoint", async (wrong, message) => {
    const saved: number[] = [];
    const run = pretrain({
      ...options({ saveSteps: 100 }, start()),
      vocabSize: VOCAB,
      batch: (number) => ({ ...batch(), ...(number === 3 && (wrong as object)) }),
      onCheckpoint: (_, step) => saved.push(step),
    });
    await expect(run).rejects.toThrow(message);
    expect(saved).toEqual([3]);
  });

  it("stops when it diverges, naming step and parameters, and saves the state from before", async () => {
    const state = start();
    state.parameters["output.bias"]!.data[0] = Number.NaN;
    const before = numbersOf(copy(state));
    let saved: { numbers: unknown; step: number } | undefined;
    const run = pretrain({ ...options({}, state), onCheckpoint: (last, step) => (saved = { numbers: numbersOf(copy(last)), step }) });
    await expect(run).rejects.toThrow(
      /^Training diverged at step 1 \(autoregressive\): loss NaN, gradient norm NaN\. The gradient is not finite in [\w., ]+\. The step was not taken, and would end like this again: train with a lower learningRate\.$/,
    );
    expect(saved).toEqual({ numbers: before, step: 0 });
  });
});
