// The stages with an objective over a run's folder: `train pretrain`, `train adapt`, `train midtrain` and `train sft`.
import { join } from "node:path";
import { claimRun, createRandom, InvalidArgumentError, type OnProgress, runFingerprint, writeFileAtomic } from "@diffucoder/core";
import { logitsFunction, modelTraits, saveModel } from "@diffucoder/model";
import { freshState, pretrain, type PretrainConfig, type TrainingState } from "@diffucoder/trainer";
import { checkFits } from "../plan/check-fits.ts";
import { planOptions } from "../plan/plan-recipe.ts";
import { planStages } from "../plan/training-plan.ts";
import { CHECKPOINT_FILE } from "./kept-checkpoints.ts";
import { trainable } from "./lora-training.ts";
import { stageBatches } from "./stage-batches.ts";
import type { StageRecipe } from "./stage-recipe.ts";
import type { StageCommand, StartingModel } from "./starting-model.ts";
import { clearTraining, openTrainingRun, START_OVER } from "./training-run.ts";
import { writeTrainingReport } from "./write-report.ts";

/** A run of stages, and where it happens. */
export interface RunStagesOptions {
  /** Which command it is. */
  command: StageCommand;
  /** What is done. */
  recipe: StageRecipe;
  /** The model to start from. */
  start: StartingModel;
  /** Folder of a LoRA adapter of the model to go on from. @default a new one, if the recipe has a `lora` */
  adapter?: string | undefined;
  /** Folder of the run: checkpoint, metrics and, at the end, the model. */
  output: string;
  /** Whether to start over instead of resuming the run in the folder. */
  fresh: boolean;
  /** Stops the run after a checkpoint. */
  signal: AbortSignal;
  /** Gets an event for every step. */
  onProgress: OnProgress;
  /** Gets notices: what of the data is not used, and what extending the run means. */
  onNote: (note: string) => void;
}

const TITLES: Readonly<Record<StageCommand, string>> = {
  pretrain: "Pretraining",
  adapt: "Adaptation to diffusion",
  midtrain: "Mid-training",
  sft: "Instruction tuning",
};

/** The setting that a resumed run may raise: the steps of its last stage. */
const stepsKey = ({ training }: StageRecipe): string => `training.stages.${training.stages.length - 1}.maxSteps`;

/** Whether all that a run does is next-token prediction, so that an autoregressive model stays one. */
export function keepsOrder({ stages }: Pick<PretrainConfig, "stages">): boolean {
  return stages.every(({ objective }) => objective === "autoregressive");
}

/** Runs or resumes stages and writes the model to `output/model`, or an adapter to `output/adapter`. @returns that folder */
export async function runStages(options: RunStagesOptions): Promise<string> {
  const { command, recipe, start, adapter, output, fresh, signal, onProgress, onNote } = options;
  const { config, executor, modelDir } = start;
  checkKind(start, recipe);
  start.executor.notices?.forEach((notice) => onNote(`${notice}.`));
  const { shift, attention, maskTokenId } = modelTraits(config);
  const random = createRandom(recipe.training.seed);
  const examples = stageBatches({ ...start, recipe, random: random.split("data"), onNote });
  const training = withEpochs(recipe.training, examples.stepsPerEpoch);
  checkFits(planStages({ ...planOptions(config, recipe), training, rowLength: recipe.data.promptLength + recipe.data.completionLength }));
  const trained = trainable({ ...start, lora: recipe.lora, adapter, base: modelDir, random: random.split("lora") });
  if (fresh) clearTraining(output);
  const { raisedFrom } = claimRun(output, {
    settings: {
      command,
      ...runFingerprint({ recipe: { ...recipe, ...(adapter !== undefined && { adapter }) }, modelDir, flag: "--init" }),
      ...start.fingerprint,
    },
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
    writeModel: (directory, { parameters }) => {
      if (trained.writeAdapter !== undefined) return trained.writeAdapter(directory, parameters);
      writeTrained(directory, { recipe, start, parameters: trained.merged(parameters), isText: examples.isText });
    },
    resultFolder: trained.writeAdapter === undefined ? "model" : "adapter",
    onNote,
  });
  const state = await pretrain({
    config: training,
    logits: logitsFunction(config, { gradientCheckpointing: training.gradientCheckpointing }),
    state: checkpoint ?? freshState(trained.parameters),
    frozen: trained.frozen,
    shift,
    ...(typeof attention === "object" && attention),
    vocabSize: config.vocabSize,
    batch: examples.batch,
    evalBatches: examples.evalBatches,
    maskTokenId: maskTokenId ?? 0, // of an autoregressive model, whose objective masks nothing
    random: random.split("pretrain"),
    executor,
    signal,
    onProgress,
    ...hooks,
  });
  const model = finish(state);
  writeTrainingReport(output, { title: TITLES[command], recipe });
  return model;
}

function checkKind({ config }: StartingModel, { training }: StageRecipe): void {
  const { family, isDiffusion } = modelTraits(config);
  training.stages.forEach(({ objective }, i) => {
    if (!isDiffusion && objective !== "autoregressive")
      throw new InvalidArgumentError({
        argument: `training.stages.${i}.objective`,
        value: objective,
        expected: `"autoregressive" for a model of family ${family}`,
      });
  });
}

/** Unless the recipe says otherwise, conditional masking is phased in over an epoch; of an endless stream, over a fifth: the first of the paper's five. */
function withEpochs(training: PretrainConfig, stepsPerEpoch: number | undefined): PretrainConfig {
  const stages = training.stages.map((stage) =>
    stage.objective === "instruction_tuning"
      ? { ...stage, phaseInSteps: stage.phaseInSteps ?? stepsPerEpoch ?? Math.ceil(stage.maxSteps / 5) }
      : stage,
  );
  return { ...training, stages };
}

/** A model with the canvas that it was trained on, its tokenizer and its recipe. */
function writeTrained(
  directory: string,
  { recipe, start, parameters, isText }: { recipe: StageRecipe; start: StartingModel; isText: boolean } & Pick<TrainingState, "parameters">,
): void {
  const { config } = start;
  const { promptLength, completionLength } = recipe.data;
  const { attention, isDiffusion } = modelTraits(config);
  saveModel(directory, { config, parameters, dtype: "BF16" });
  // Texts have no column where answers begin: half of a row is prompt, as long as it happens to be.
  const maxNewTokens = isText ? Math.ceil((promptLength + completionLength) / 2) : completionLength;
  const ownDecoder = !isDiffusion || typeof attention === "object"; // its family's decoder has steps of its own
  const decoding = ownDecoder ? {} : { steps: maxNewTokens, alg: "entropy" };
  const generationConfig = { ...(isText ? {} : { promptLength }), maxNewTokens, ...decoding, temperature: 0, topP: 1 };
  writeFileAtomic(join(directory, "generation_config.json"), `${JSON.stringify(generationConfig, null, 2)}\n`);
  writeFileAtomic(join(directory, "recipe.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  start.writeTokenizer(directory);
}
