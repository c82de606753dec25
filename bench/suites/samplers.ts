// Decoding beside Dream's algorithm in PyTorch, on the same weights, prompts and steps; the share of a step that is
// JavaScript; and the bytes of a step that cross between JavaScript and the device, which no vocabulary is part of.
import { performance } from "node:perf_hooks";
import { createRandom, DiffuCoderError } from "@diffucoder/core";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { initParameters, logitsFunction, ModelConfigSchema } from "@diffucoder/model";
import { createDenoiser, dreamDecoder, generate } from "@diffucoder/samplers";
import { type Executor, type NdArray, onnxExecutor } from "@diffucoder/tensor";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { mainThreadMilliseconds } from "../main-thread.ts";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import { type BenchModel, makeBatch, makeModel } from "../models.ts";
import { findTorch, startTorch, type TorchSearch } from "../peers/torch.ts";
import type { SuiteOptions } from "./suite.ts";

interface Setting {
  rows: number;
  promptLength: number;
  maxNewTokens: number;
  steps: number;
  temperature: number;
  topP?: number;
}

/** The paper's settings are temperature 0.2 and top-p 0.95; at 0 both sides must find the same tokens. */
const trainedSettings: Setting[] = [
  { rows: 1, promptLength: 30, maxNewTokens: 48, steps: 48, temperature: 0 },
  { rows: 1, promptLength: 30, maxNewTokens: 48, steps: 48, temperature: 0.2, topP: 0.95 },
  { rows: 8, promptLength: 30, maxNewTokens: 48, steps: 12, temperature: 0.2, topP: 0.95 },
];
const drawnSettings: Setting[] = [
  { rows: 1, promptLength: 192, maxNewTokens: 64, steps: 16, temperature: 0.2, topP: 0.95 },
  { rows: 8, promptLength: 192, maxNewTokens: 64, steps: 8, temperature: 0.2, topP: 0.95 },
];

export async function samplersSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const torch = findTorch();
  const results: Result[] = [];
  const trained = await trainedModel();
  for (const setting of trainedSettings) {
    say(`samplers tinycode-base, ${nameOf(setting)} ...`);
    results.push(await besideTorch(trained, setting, { rounds: quick ? 1 : 5, torch, compareTokens: setting.temperature === 0 }));
  }
  const drawn = makeModel("17M");
  for (const setting of drawnSettings) {
    say(`samplers 17M, ${nameOf(setting)} ...`);
    // Weights that are drawn have near ties, so rounding decides: it is the same work, but need not be the same tokens.
    results.push(await besideTorch(drawn, setting, { rounds: quick ? 1 : 3, torch, compareTokens: false }));
  }
  say("samplers, share of JavaScript ...");
  results.push(...(await javascriptShare(drawn, drawnSettings[0]!, quick ? 1 : 5)));
  for (const vocabSize of [1_024, 152_064]) {
    say(`samplers, ${vocabSize} words ...`);
    results.push(await crossingBytes(vocabSize));
  }
  return results;
}

function nameOf({ rows, promptLength, maxNewTokens, steps, temperature, topP }: Setting): string {
  return `${rows} x (${promptLength} + ${maxNewTokens}) tokens, ${steps} steps, temperature ${temperature}${topP === undefined ? "" : `, top-p ${topP}`}`;
}

async function trainedModel(): Promise<BenchModel & { prompts: number[][] }> {
  const { config, parameters, logits, tokenizer, close } = await loadDiffuCoder(bundledModelDir());
  await close();
  if (!("maskTokenId" in config)) throw new Error("the bundled model is a diffusion model");
  const encode = (prompt: string): number[] => tokenizer.encodeChat([{ role: "user", content: prompt }]);
  const { promptLength } = trainedSettings[0]!;
  // Rows of one length: the published code pads on the left, which costs both sides the same.
  const accepts = ({ prompt }: { prompt: { text: string } }): boolean => encode(prompt.text).length === promptLength;
  const prompts = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "train", count: 4, seed: 0, accepts }).map(({ prompt }) => encode(prompt.text));
  return { name: "tinycode-base", config, parameters, logits, batchSize: 1, length: config.maxPositionEmbeddings, prompts };
}

function promptsOf(model: BenchModel & { prompts?: number[][] }, { rows, promptLength }: Setting): number[][] {
  const { targets } = makeBatch(model);
  return Array.from({ length: rows }, (_, row) => {
    const start = (row % model.batchSize) * model.length;
    return model.prompts?.[row % model.prompts.length] ?? [...targets.subarray(start, start + promptLength)];
  });
}

function generationOf(model: BenchModel, setting: Setting) {
  const { config, parameters, logits } = model;
  const denoiser = createDenoiser({
    logits,
    parameters: () => parameters,
    maskTokenId: config.maskTokenId,
    vocabSize: config.vocabSize,
    frozen: true,
  });
  const { maxNewTokens, steps, temperature, topP } = setting;
  const decoder = dreamDecoder({ steps, temperature, topP, alg: "entropy", schedule: "dream" });
  const promptIds = promptsOf(model, setting);
  const run = () => generate({ denoiser, decoder, promptIds, maxNewTokens, random: createRandom(0), padTokenId: config.padTokenId });
  return { run, promptIds, dispose: () => denoiser.dispose() };
}

async function besideTorch(
  model: BenchModel,
  setting: Setting,
  { rounds, torch, compareTokens }: { rounds: number; torch: TorchSearch; compareTokens: boolean },
): Promise<Result> {
  const { run, promptIds, dispose } = generationOf(model, setting);
  const { maxNewTokens, steps, temperature, topP } = setting;
  const generation = { promptIds, options: { max_new_tokens: maxNewTokens, steps, alg: "entropy", temperature, top_p: topP } };
  const peer = torch.python === undefined ? undefined : await startTorch(torch.python, model, "generate", { generation });
  try {
    if (peer && compareTokens) {
      const [ours, theirs] = [(await run()).sequences, (await peer.run()).sequences];
      if (JSON.stringify(ours) !== JSON.stringify(theirs))
        throw new DiffuCoderError("MISMATCH", `${model.name}: we do not find the tokens that PyTorch finds.`);
    }
    const times = await inTurns({ ours: () => timed(run), peer: peer && (async () => (await peer.run()).milliseconds) }, rounds);
    return measured({
      suite: "samplers",
      name: `${model.name}, ${nameOf(setting)}`,
      ours: median(times.ours),
      spread: extent(times.ours),
      unit: "ms",
      target: { of: "ratio", atMost: 0.6 },
      note: torch.problem,
      ...(peer && { peer: median(times.peer), peerSpread: extent(times.peer), peerName: `${peer.name}, Dream` }),
    });
  } finally {
    dispose();
    peer?.close();
  }
}

/** As in the suite `javascript-overhead`: the event loop not asleep, and the main thread on a processor. */
async function javascriptShare(model: BenchModel, setting: Setting, rounds: number): Promise<Result[]> {
  const { run, dispose } = generationOf(model, setting);
  await run();
  const [wall, processor]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const [loop, before, started] = [performance.eventLoopUtilization(), mainThreadMilliseconds(), performance.now()];
    await run();
    const duration = performance.now() - started;
    const after = mainThreadMilliseconds();
    wall.push((100 * performance.eventLoopUtilization(loop).active) / duration);
    if (before !== undefined && after !== undefined) processor.push((100 * (after - before)) / duration);
  }
  dispose();
  const share = (kind: string, values: readonly number[], target?: Result["target"]): Result =>
    measured({
      suite: "samplers",
      name: `17M, JavaScript's share, ${kind}`,
      ours: median(values),
      spread: extent(values),
      unit: "% of the time",
      target,
    });
  return [share("wall time", wall, { of: "ours", atMost: 5 }), ...(processor.length > 0 ? [share("processor time", processor)] : [])];
}

/**
 * Bytes that a step hands to the device and gets back, the weights not counted. If logits came back, a step would bring
 * 64 x vocabulary x 4 bytes: 39 MB for 152,064 words.
 */
async function crossingBytes(vocabSize: number): Promise<Result> {
  const config = ModelConfigSchema.parse({
    hiddenSize: 64,
    intermediateSize: 128,
    numHiddenLayers: 2,
    numAttentionHeads: 2,
    numKeyValueHeads: 2,
    vocabSize,
    maxPositionEmbeddings: 128,
    maskTokenId: vocabSize - 1,
    padTokenId: 0,
    eosTokenId: 0,
    bosTokenId: 0,
  });
  const parameters = initParameters({ config, random: createRandom(0) });
  let [steps, bytes] = [0, 0];
  const denoiser = createDenoiser({
    logits: logitsFunction(config),
    parameters: () => parameters,
    frozen: true, // so that no weight is among the arguments
    maskTokenId: vocabSize - 1,
    vocabSize,
    executor: await countingExecutor((count) => {
      steps++;
      bytes += count;
    }),
  });
  await generate({
    denoiser,
    promptIds: [Array.from({ length: 64 }, (_, i) => i)],
    maxNewTokens: 64,
    decoder: dreamDecoder({ steps: 4, alg: "entropy", temperature: 1, topP: 0.95, schedule: "even" }),
    random: createRandom(0),
    padTokenId: 0,
  });
  denoiser.dispose();
  return measured({
    suite: "samplers",
    name: `bytes between JavaScript and the device in a step, ${vocabSize} words`,
    ours: bytes / steps,
    unit: "bytes",
    target: { of: "ours", atMost: 4096 },
  });
}

/** ONNX Runtime, telling the bytes of the arrays that go into each run and come out of it. */
async function countingExecutor(tell: (bytes: number) => void): Promise<Executor> {
  const { name, prepare } = await onnxExecutor();
  const bytesOf = (arrays: readonly NdArray[]): number => arrays.reduce((sum, { data }) => sum + data.byteLength, 0);
  return {
    name,
    prepare: async (graph) => {
      const plan = await prepare(graph);
      return {
        dispose: () => plan.dispose(),
        run: async (inputs) => {
          const outputs = await plan.run(inputs);
          tell(bytesOf(inputs) + bytesOf(outputs));
          return outputs;
        },
      };
    },
  };
}
