// The command line of `train`: reads options and recipes, starts the sandbox and prints results.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { addSettingOptions, createProgram, runProgram, showProgress, type Terminal } from "@diffucoder/command-line";
import { configTable, describeConfig, InvalidArgumentError, parseConfig, readConfigData, readJsonObject, withFolder } from "@diffucoder/core";
import { evalTable } from "@diffucoder/report";
import { bundledModelDir, type ExecutorOptions, ExecutorOptionsSchema } from "diffucoder";
import type { Command } from "commander";
import type { z } from "zod";
import {
  clearEvaluation,
  clearQuickstart,
  CoupledGrpoRecipeSchema,
  EvaluateRecipeSchema,
  finishedQuickstart,
  loadDiffusionModel,
  paperRecipe,
  parseRewardFlag,
  planCoupledGrpoRecipe,
  type PlannedRecipe,
  planStageRecipe,
  PretrainRecipeSchema,
  QuickstartRecipeSchema,
  recipeFile,
  type RecipeName,
  type RewardSettings,
  runCoupledGrpo,
  runEval,
  runLaterStage,
  runPretrain,
  runQuickstart,
  type StageCommand,
  StageRecipeSchema,
} from "@diffucoder/recipes";
import { addExperimentCommand } from "./experiment-command.ts";
import { planText } from "./plan-text.ts";
import { modelText, outcomeText, resultText } from "./outcome-text.ts";
import { addMergeCommand } from "./merge-command.ts";
import { addProcessDataCommand } from "./process-data-command.ts";
import { addQueueOptions, type QueueFlags, withQueue } from "./queue-link.ts";
import { addReportCommand } from "./report-command.ts";
import { PYTHON, withSandbox } from "./sandbox.ts";
import { addWorkerCommand } from "./worker-command.ts";

interface CommonFlags extends ExecutorOptions {
  config?: string;
  set: string[];
  output: string;
  json?: boolean;
  fresh?: boolean;
  printConfig?: boolean;
  plan?: boolean;
}

type ModelFlags = CommonFlags & { reward?: string[]; model?: string; python?: string };
type DataFlags = Pick<CommonFlags, "set"> & { data?: string };
type EvaluateFlags = ModelFlags & DataFlags & { adapter?: string };
type StageFlags = CommonFlags & DataFlags & { init?: string; adapter?: string };

const DATA = "tinycode, tinycode-full, a benchmark, or a file of JSON lines (docs/task-format.md), instead of the recipe's tasks";

const STAGE_DATA = "tinycode, or a file of JSON lines (docs/training-data.md): texts, or prompts with responses, instead of the recipe's examples";

const STAGE_ADAPTER = "LoRA adapter of that model to go on from, in PEFT's form (default: a new one, if the recipe has a lora)";

const PLAN = "print what the run would take: tokens, memory and time; of the model only config.json and the other small files are read";

/** The stages that start from a model; each has a recipe of its name. */
const LATER_STAGES = {
  adapt: "makes a diffusion model of an autoregressive one (Qwen2, Qwen3, Llama)",
  midtrain: "trains a diffusion model on more text",
  sft: "tunes a diffusion model on prompts with responses",
} satisfies Partial<Record<StageCommand & RecipeName, string>>;

/**
 * Runs `train`.
 *
 * @param args the command line, without node and the script
 * @returns the exit code, as `runProgram` gives it: 130 after Ctrl-C
 */
export async function runTrain(args: readonly string[], { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<number> {
  const program = createProgram("train", terminal).description("Trains a diffusion coder and improves it with coupled-GRPO");
  const context = { terminal, signal };
  addCommand(program, "pretrain", "a base model on TinyCode", "runs/pretrain")
    .option("--init <model>", "model to go on from: a folder, or owner/name on Hugging Face's hub (default: a new one of the recipe's size)")
    .option("--adapter <dir>", STAGE_ADAPTER)
    .option("--data <file>", STAGE_DATA)
    .action((flags: StageFlags) => pretrain(flags, context));
  for (const [name, description] of Object.entries(LATER_STAGES)) {
    addCommand(program, name, description, `runs/${name}`)
      .option("--plan", PLAN)
      .requiredOption("--init <model>", "model to start from: a folder, or owner/name on Hugging Face's hub")
      .option("--adapter <dir>", STAGE_ADAPTER)
      .option("--data <file>", STAGE_DATA)
      .action((flags: StageFlags) => laterStage(name as keyof typeof LATER_STAGES, flags, context));
  }
  addQueueOptions(addCommand(program, "coupled-grpo", "improves a model with rewards from the sandbox", "runs/coupled-grpo"))
    .option("--plan", PLAN)
    .option("--model <dir>", "model to start from (default: the small model that comes with the project)")
    .option("--adapter <dir>", STAGE_ADAPTER)
    .option("--python <path>", PYTHON)
    .option(
      "--reward <file[#export][=weight]>",
      "JavaScript module that exports a function from samples to numbers, added to the built-in rewards; may be repeated",
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option("--data <dataset>", DATA)
    .action((flags: EvaluateFlags & QueueFlags) => coupledGrpo(flags, context));
  addCommand(program, "evaluate", "pass@k of a model on held-out TinyCode, a benchmark or tasks of your own", "runs/evaluate")
    .option("--model <dir>", "model to evaluate (default: the small model that comes with the project)")
    .option("--adapter <dir>", "LoRA adapter of that model, in PEFT's form")
    .option("--python <path>", PYTHON)
    .option("--data <dataset>", DATA)
    .action((flags: EvaluateFlags) => evaluate(flags, context));
  addCommand(program, "quickstart", "evaluates, trains with coupled-GRPO, evaluates again and reports", "runs/quickstart")
    .option("--model <dir>", "model to start from (default: the small model that comes with the project)")
    .option("--python <path>", PYTHON)
    .option(
      "--reward <file[#export][=weight]>",
      "JavaScript module that exports a function from samples to numbers, added to the built-in rewards; may be repeated",
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option("--from-scratch", "train the base model first: about 25 minutes more on two cores")
    .action((flags: ModelFlags & { fromScratch?: boolean }) => quickstart(flags, context));
  addExperimentCommand(program, context);
  addMergeCommand(program, context);
  addProcessDataCommand(program, context);
  addReportCommand(program, context);
  addWorkerCommand(program, context);
  return runProgram(program, args, {
    terminal,
    signal,
    stoppedText: "Stopped. Progress is saved: run the same command to resume.",
  });
}

function addCommand(program: Command, name: string, description: string, output: string): Command {
  const command = program.command(name).description(description);
  return addSettingOptions(command, ExecutorOptionsSchema.shape)
    .option("--config <file>", "recipe file, or diffucoder-7b, the paper's recipe of the stage (default: the small model's)")
    .option(
      "--set <key=value>",
      "changes one setting of the recipe, e.g. training.learningRate=1e-4; may be repeated; --print-config lists them all",
      (value: string, before: string[]) => [...before, value],
      [],
    )
    .option("--print-config", "print every key that --set takes, with its value, source and meaning, then exit")
    .option("--output <dir>", "folder of the run", output)
    .option("--fresh", "start over instead of resuming the run in the folder")
    .option("--json", "print the result as JSON, and progress as JSON lines")
    .allowExcessArguments(false);
}

interface Context {
  terminal: Terminal;
  signal: AbortSignal;
}

async function pretrain(flags: StageFlags, { terminal, signal }: Context): Promise<void> {
  const parsed = readRecipe(PretrainRecipeSchema, "tinycode-base", stageData(flags), terminal);
  if (parsed === undefined) return;
  const model = await withFolder(flags.output, () =>
    showProgress({ terminal, json: flags.json }, (onProgress) =>
      runPretrain({
        recipe: parsed,
        tokenizerFile: recipeFile("tokenizer"),
        init: flags.init,
        adapter: flags.adapter,
        output: flags.output,
        fresh: flags.fresh === true,
        signal,
        onProgress,
        onNote: (note) => terminal.error(note),
      }),
    ),
  );
  terminal.out(flags.json === true ? JSON.stringify({ model }) : modelText(model));
}

async function laterStage(command: keyof typeof LATER_STAGES, flags: StageFlags, { terminal, signal }: Context): Promise<void> {
  const recipe = readRecipe(StageRecipeSchema, command, stageData(flags), terminal);
  if (recipe === undefined) return;
  const { init = "", output } = flags;
  if (flags.plan === true) return showPlan(await planStageRecipe(recipe, init), flags, terminal);
  const model = await withFolder(output, () =>
    showProgress({ terminal, json: flags.json }, (onProgress) =>
      runLaterStage({
        command,
        recipe,
        init,
        adapter: flags.adapter,
        output,
        fresh: flags.fresh === true,
        signal,
        onProgress,
        onNote: (note) => terminal.error(note),
      }),
    ),
  );
  terminal.out(flags.json === true ? JSON.stringify({ model }) : resultText(model, init));
}

/** `--data` as a setting. */
function stageData<F extends DataFlags>(flags: F): F {
  const { data, set } = flags;
  return data === undefined ? flags : { ...flags, set: [`data.dataset=${JSON.stringify(data)}`, ...set] };
}

async function coupledGrpo(flags: EvaluateFlags & QueueFlags, { terminal, signal }: Context): Promise<void> {
  const read = readRecipe(CoupledGrpoRecipeSchema, "coupled-grpo", datasetFlag(flags, { dataset: "data.dataset", rest: "data" }), terminal);
  if (read === undefined) return;
  const parsed = withRewards(read, flags);
  const modelDir = flags.model ?? bundledModelDir();
  if (flags.plan === true) return showPlan(await planCoupledGrpoRecipe(parsed, modelDir), flags, terminal);
  const coder = await loadDiffusionModel(modelDir, parsed);
  const model = await withFolder(flags.output, () =>
    withSandbox(flags, terminal, (sandbox) =>
      withQueue(flags, (queue) =>
        showProgress({ terminal, json: flags.json }, (onProgress) =>
          runCoupledGrpo({
            queue,
            recipe: parsed,
            coder,
            modelDir,
            adapter: flags.adapter,
            sandbox,
            output: flags.output,
            fresh: flags.fresh === true,
            signal,
            onProgress,
            onNote: (note) => terminal.error(note),
          }),
        ),
      ),
    ),
  );
  terminal.out(flags.json === true ? JSON.stringify({ model }) : resultText(model, modelDir));
}

function showPlan(plan: PlannedRecipe, { json }: CommonFlags, terminal: Terminal): void {
  terminal.out(json === true ? JSON.stringify(plan) : planText(plan));
}

/** A recipe with the rewards of `--reward` added to its own. */
function withRewards<R extends { training: Pick<RewardSettings, "rewardModules"> }>(recipe: R, { reward = [] }: ModelFlags): R {
  const rewardModules = [...recipe.training.rewardModules, ...reward.map(parseRewardFlag)];
  return { ...recipe, training: { ...recipe.training, rewardModules } };
}

async function evaluate(flags: EvaluateFlags, { terminal, signal }: Context): Promise<void> {
  const parsed = readRecipe(EvaluateRecipeSchema, "evaluate", datasetFlag(flags, { dataset: "dataset", rest: "data" }), terminal);
  if (parsed === undefined) return;
  const { adapter, output } = flags;
  const config = {
    ...parsed,
    model: flags.model ?? bundledModelDir(),
    ...(adapter !== undefined && { adapter }),
    output,
    isolation: "auto",
    workers: 2,
  };
  const result = await withFolder(output, async () => {
    if (flags.fresh === true) clearEvaluation(output);
    const onNotice = (notice: string): void => terminal.error(`${notice}.`);
    return withSandbox(flags, terminal, (sandbox) =>
      showProgress({ terminal, json: flags.json }, (onProgress) => runEval({ config, sandbox, phase: "evaluate", signal, onProgress, onNotice })),
    );
  });
  terminal.out(flags.json === true ? JSON.stringify(result) : evalTable(result));
}

/** Another dataset replaces the recipe's, together with the recipe's choice of tasks. */
function datasetFlag(flags: EvaluateFlags, keys: { dataset: string; rest: string }): EvaluateFlags {
  const { data, set } = flags;
  return data === undefined ? flags : { ...flags, set: [`${keys.rest}={}`, `${keys.dataset}=${JSON.stringify(data)}`, ...set] };
}

async function quickstart(flags: ModelFlags & { fromScratch?: boolean }, { terminal, signal }: Context): Promise<void> {
  const read = readRecipe(QuickstartRecipeSchema, "quickstart", flags, terminal);
  if (read === undefined) return;
  const parsed = withRewards(read, flags);
  const { output } = flags;
  const invocation = { ...flags, set: settingsOf(flags) };
  if (flags.fromScratch === true && flags.model !== undefined) {
    throw new InvalidArgumentError({
      argument: "--model",
      value: flags.model,
      expected: "absent with --from-scratch, which trains a model of its own",
    });
  }
  const outcome = await withFolder(output, async () => {
    if (flags.fresh === true) clearQuickstart(output);
    const modelDir = flags.fromScratch === true ? await baseModel(flags, parsed, { terminal, signal }) : (flags.model ?? bundledModelDir());
    return (
      finishedQuickstart({ recipe: parsed, modelDir, output }) ??
      (await withSandbox(flags, terminal, (sandbox) =>
        showProgress({ terminal, json: flags.json }, (onProgress) =>
          runQuickstart({ recipe: parsed, modelDir, sandbox, output, signal, onProgress, onNote: (note) => terminal.error(note), invocation }),
        ),
      ))
    );
  });
  terminal.out(flags.json === true ? readFileSync(join(output, "result.json"), "utf8").trimEnd() : outcomeText(outcome));
}

/** The base model of `--from-scratch`: trained now, or found finished in the run's folder. */
async function baseModel(flags: ModelFlags, { executor, device, precision }: ExecutorOptions, { terminal, signal }: Context): Promise<string> {
  const file = recipeFile("tinycode-base");
  const recipe = { ...parseConfig(PretrainRecipeSchema, readConfigData({ file }), { source: file }), executor, device, precision };
  const output = join(flags.output, "base");
  await withSandbox(flags, terminal, async () => {}); // reports a missing sandbox now, not after the training
  terminal.error(`Training the base model first, in ${output}: about 25 minutes on two cores.`);
  return withFolder(output, () =>
    showProgress({ terminal, json: flags.json }, (onProgress) =>
      runPretrain({
        recipe,
        tokenizerFile: recipeFile("tokenizer"),
        output,
        fresh: flags.fresh === true,
        signal,
        onProgress,
        onNote: (note) => terminal.error(note),
      }),
    ),
  );
}

/** The recipe that a command runs; undefined with `--print-config`, which prints it instead. @throws {ConfigError} */
function readRecipe<S extends z.ZodObject>(
  schema: S,
  name: Parameters<typeof recipeFile>[0],
  flags: CommonFlags,
  terminal: Terminal,
): Readonly<z.output<S>> | undefined {
  const { config, json, printConfig } = flags;
  const set = settingsOf(flags);
  const file = config === undefined ? recipeFile(name) : (paperRecipe(config, name) ?? config);
  const source = config ?? `recipe ${name}`;
  if (printConfig !== true) return parseConfig(schema, readConfigData({ file, set }), { source });
  const keys = describeConfig(schema, { layers: [{ source, data: readJsonObject(file) }], set, source });
  terminal.out(json === true ? JSON.stringify(keys) : configTable(keys));
  return undefined;
}

/** What `--executor`, `--device` and `--set` say together, as `--set` says it. */
function settingsOf({ executor, device, precision, set }: CommonFlags): string[] {
  const given = Object.entries({ executor, device, precision }).filter(([, value]) => value !== undefined);
  return [...given.map(([key, value]) => `${key}=${value}`), ...set];
}
