// `train pretrain`: a base model from scratch, on an endless stream of TinyCode's training split.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { claimRun, contentHash, createRandom, type OnProgress, parseConfig, runFingerprint, writeFileAtomic } from "@diffucoder/core";
import { createExecutor, type ExecutorOptions, ExecutorOptionsSchema } from "@diffucoder/engine";
import { initParameters, logitsFunction, type ModelConfig, ModelConfigSchema, modelTraits, saveModel } from "@diffucoder/model";
import { Tokenizer } from "@diffucoder/tokenizer";
import { cloneParameters, freshState, pretrain, type PretrainConfig, PretrainConfigSchema, type TrainingState } from "@diffucoder/trainer";
import { z } from "zod";
import { bestNeedsEvaluation } from "./best-checkpoint.ts";
import { CHECKPOINT_FILE } from "./kept-checkpoints.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";
import { heldOutBatches, trainingBatches } from "./pretraining-batches.ts";
import { TiersSchema } from "@diffucoder/tasks";
import { clearTraining, openTrainingRun, START_OVER } from "./training-run.ts";
import { writeTrainingReport } from "./write-report.ts";

/** What `train pretrain` does. */
export interface PretrainRecipe extends ExecutorOptions {
  /** Sizes of the network. */
  model: {
    /** Width of a token's vector. */
    hiddenSize: number;
    /** Width of the feed-forward layers. */
    intermediateSize: number;
    /** Layers. */
    numHiddenLayers: number;
    /** Heads of the queries. */
    numAttentionHeads: number;
    /** Heads of the keys and values. */
    numKeyValueHeads: number;
  };
  /** TinyCode's examples. */
  data: {
    /** Share of each tier, e.g. `{ "2": 1, "3": 2 }`. */
    tiers: Record<string, number>;
    /** Positions of the prompt, tokens. */
    promptLength: number;
    /** Positions of the completion, tokens. */
    completionLength: number;
  };
  /** Stages, batches and the optimizer. */
  training: PretrainConfig;
  /** What `training.evalSteps` evaluates on: examples of TinyCode's dev split, of the same tiers. */
  evaluation: {
    /** Number of examples. @default 256 */
    examples: number;
  };
}

/** Far beyond any example, tokens: a row of a typo would take all memory. */
const LONGEST = 131_072;

/** `PretrainRecipe` as a file's data. */
export const PretrainRecipeSchema = z.strictObject({
  model: z.strictObject({
    hiddenSize: z.int().positive(),
    intermediateSize: z.int().positive(),
    numHiddenLayers: z.int().positive(),
    numAttentionHeads: z.int().positive(),
    numKeyValueHeads: z.int().positive(),
  }),
  data: z.strictObject({
    tiers: TiersSchema,
    promptLength: z.int().positive().max(LONGEST),
    completionLength: z.int().positive().max(LONGEST),
  }),
  training: PretrainConfigSchema.refine(...bestNeedsEvaluation),
  evaluation: z
    .strictObject({ examples: z.int().positive().max(65_536).default(256).describe("number of held-out examples, of TinyCode's dev split") })
    .prefault({})
    .describe("held-out examples of training.evalSteps"),
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<PretrainRecipe>;

/** The setting that a resumed run may raise: the steps of its last stage. */
const stepsKey = ({ training }: PretrainRecipe): string => `training.stages.${training.stages.length - 1}.maxSteps`;

/** A pretraining, and where it happens. */
export interface PretrainCommandOptions {
  /** What is done. */
  recipe: PretrainRecipe;
  /** tokenizer.json of a model from scratch. */
  tokenizerFile: string;
  /** Folder of a model to continue from, with its tokenizer; the recipe's `model` is then ignored. @default one from scratch */
  modelDir?: string | undefined;
  /** Folder of the run: checkpoint, metrics and, at the end, the model. */
  output: string;
  /** Whether to start over instead of resuming the run in the folder. */
  fresh: boolean;
  /** Stops the run after a checkpoint. */
  signal: AbortSignal;
  /** Gets an event for every step. */
  onProgress: OnProgress;
  /** Gets a notice of what extending the run means. */
  onNote: (note: string) => void;
}

/** Runs or resumes pretraining and writes the model to `output/model`. @returns that folder */
export async function runPretrain(options: PretrainCommandOptions): Promise<string> {
  const { recipe, modelDir, output, fresh, signal, onProgress, onNote } = options;
  const { training } = recipe;
  const coder = modelDir === undefined ? undefined : await loadDiffusionModel(modelDir, { ...recipe, blocks: true });
  const executor = coder?.executor ?? (await createExecutor(recipe));
  executor.notices?.forEach((notice) => onNote(`${notice}.`));
  const tokenizerFile = modelDir === undefined ? options.tokenizerFile : join(modelDir, "tokenizer.json");
  const tokenizer = coder?.tokenizer ?? Tokenizer.fromFile(tokenizerFile);
  const config = coder?.config ?? modelConfig(recipe, tokenizer);
  const examples = { recipe, tokenizer, padTokenId: coder?.padTokenId ?? tokenizer.special.endOfText };
  const batch = trainingBatches(examples);
  const evalBatches = training.evalSteps === undefined ? undefined : heldOutBatches(examples);
  const { shift, attention } = modelTraits(config);
  const random = createRandom(training.seed);
  if (fresh) clearTraining(output);
  const { raisedFrom } = claimRun(output, {
    settings: { command: "pretrain", ...runFingerprint({ recipe, modelDir }), "tokenizer.json": contentHash(tokenizerFile) },
    results: [CHECKPOINT_FILE],
    stepsKey: stepsKey(recipe),
    startOver: START_OVER,
  });
  const { checkpoint, hooks, finish } = openTrainingRun({
    output,
    training,
    steps: {
      setting: stepsKey(recipe),
      now: training.stages.at(-1)!.maxSteps,
      raisedFrom,
      total: training.stages.reduce((sum, { maxSteps }) => sum + maxSteps, 0),
    },
    writeModel: (directory, { parameters }) => writePretrained(directory, { recipe, config, parameters, tokenizerFile }),
    onNote,
  });
  const state = await pretrain({
    config: training,
    logits: logitsFunction(config, { gradientCheckpointing: training.gradientCheckpointing }),
    state: checkpoint ?? freshState(coder ? cloneParameters(coder.parameters) : initParameters({ config, random: random.split("init") })),
    shift,
    ...(typeof attention === "object" && attention),
    vocabSize: config.vocabSize,
    batch,
    evalBatches,
    maskTokenId: config.maskTokenId,
    random: random.split("pretrain"),
    executor,
    signal,
    onProgress,
    ...hooks,
  });
  const model = finish(state);
  writeTrainingReport(output, { title: "Pretraining", recipe });
  return model;
}

/** A model with the canvas that it was trained on, its tokenizer and its recipe. */
function writePretrained(
  directory: string,
  {
    recipe,
    config,
    parameters,
    tokenizerFile,
  }: { recipe: PretrainRecipe; config: ModelConfig; tokenizerFile: string } & Pick<TrainingState, "parameters">,
): void {
  const { promptLength, completionLength } = recipe.data;
  saveModel(directory, { config, parameters, dtype: "BF16" });
  const isInBlocks = typeof modelTraits(config).attention === "object"; // its family's decoder then has steps of its own
  const decoding = isInBlocks ? {} : { steps: completionLength, alg: "entropy" };
  const generationConfig = { promptLength, maxNewTokens: completionLength, ...decoding, temperature: 0, topP: 1 };
  writeFileAtomic(join(directory, "generation_config.json"), `${JSON.stringify(generationConfig, null, 2)}\n`);
  writeFileAtomic(join(directory, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  copyFileSync(tokenizerFile, join(directory, "tokenizer.json"));
}

function modelConfig({ model, data }: PretrainRecipe, tokenizer: Tokenizer): ModelConfig {
  const { mask, endOfText, imEnd } = tokenizer.special;
  return parseConfig(
    ModelConfigSchema,
    {
      ...model,
      vocabSize: tokenizer.vocabSize,
      maxPositionEmbeddings: data.promptLength + data.completionLength,
      ropeTheta: 10_000,
      maskTokenId: mask,
      padTokenId: endOfText,
      eosTokenId: imEnd,
      bosTokenId: endOfText,
    },
    { source: "recipe" },
  );
}
