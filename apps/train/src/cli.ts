// The command line of `train`: reads options and recipes, starts the sandbox and prints results.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram, runProgram, showProgress, type Terminal } from "@diffucoder/command-line";
import { InvalidArgumentError, parseConfig, readConfigData, withFolder } from "@diffucoder/core";
import { evalTable } from "@diffucoder/report";
import { bundledModelDir, type ExecutorOptions } from "diffucoder";
import {
  clearEvaluation,
  clearQuickstart,
  CoupledGrpoRecipeSchema,
  EvaluateRecipeSchema,
  finishedQuickstart,
  loadPolicyModel,
  parseRewardFlag,
  planCoupledGrpoRecipe,
  PretrainRecipeSchema,
  QuickstartRecipeSchema,
  recipeFile,
  type RewardSettings,
  runCoupledGrpo,
  runEval,
  runPretrain,
  runQuickstart,
} from "@diffucoder/recipes";
import { addExperimentCommand } from "./experiment-command.ts";
import {
  addCommand,
  ADAPTER_TO_GO_ON_FROM,
  type CommonFlags,
  type Context,
  type DataFlags,
  PLAN,
  readRecipe,
  settingsOf,
  showPlan,
} from "./recipe-command.ts";
import { addStageCommands } from "./stage-commands.ts";
import { outcomeText, resultText } from "./outcome-text.ts";
import { addMergeCommand } from "./merge-command.ts";
import { addProcessDataCommand } from "./process-data-command.ts";
import { addQueueOptions, addTrainerQueueOptions, type QueueFlags, stalenessSetting, withQueue } from "./queue-link.ts";
import { addReportCommand } from "./report-command.ts";
import { PYTHON, withSandbox } from "./sandbox.ts";
import { addStatusCommand } from "./status-command.ts";
import { addWorkerCommand } from "./worker-command.ts";

type ModelFlags = CommonFlags & { reward?: string[]; model?: string; python?: string };
type EvaluateFlags = ModelFlags & DataFlags & { adapter?: string };

const REWARD = "JavaScript module that exports a function from samples to numbers, added to the built-in rewards; may be repeated";
const repeated = (value: string, before: string[]): string[] => [...before, value];

const DATA = "tinycode, tinycode-full, a benchmark, or a file of JSON lines (docs/task-format.md), instead of the recipe's tasks";

/**
 * Runs `train`.
 *
 * @param args the command line, without node and the script
 * @returns the exit code, as `runProgram` gives it: 130 after Ctrl-C
 */
export async function runTrain(args: readonly string[], { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<number> {
  const program = createProgram("train", terminal).description("Trains a diffusion coder and improves it with coupled-GRPO");
  const context = { terminal, signal };
  addStageCommands(program, context);
  addTrainerQueueOptions(addCommand(program, "coupled-grpo", "improves a model with rewards from the sandbox", "runs/coupled-grpo"))
    .option("--plan", PLAN)
    .option("--model <dir>", "model to start from (default: the small model that comes with the project)")
    .option("--adapter <dir>", ADAPTER_TO_GO_ON_FROM)
    .option("--python <path>", PYTHON)
    .option("--reward <file[#export][=weight]>", REWARD, repeated, [])
    .option("--data <dataset>", DATA)
    .action((flags: EvaluateFlags & QueueFlags) => coupledGrpo(flags, context));
  addQueueOptions(
    addCommand(program, "evaluate", "pass@k of a model on held-out TinyCode, a benchmark or tasks of your own", "runs/evaluate"),
    "the generating",
  )
    .option("--model <dir>", "model to evaluate (default: the small model that comes with the project)")
    .option("--adapter <dir>", "LoRA adapter of that model, in PEFT's form")
    .option("--python <path>", PYTHON)
    .option("--data <dataset>", DATA)
    .action((flags: EvaluateFlags & QueueFlags) => evaluate(flags, context));
  addCommand(program, "quickstart", "evaluates, trains with coupled-GRPO, evaluates again and reports", "runs/quickstart")
    .option("--model <dir>", "model to start from (default: the small model that comes with the project)")
    .option("--python <path>", PYTHON)
    .option("--reward <file[#export][=weight]>", REWARD, repeated, [])
    .option("--from-scratch", "train the base model first: about 25 minutes more on two cores")
    .action((flags: ModelFlags & { fromScratch?: boolean }) => quickstart(flags, context));
  addExperimentCommand(program, context);
  addMergeCommand(program, context);
  addProcessDataCommand(program, context);
  addReportCommand(program, context);
  addStatusCommand(program, context);
  addWorkerCommand(program, context);
  return runProgram(program, args, {
    terminal,
    signal,
    stoppedText: "Stopped. Progress is saved: run the same command to resume.",
  });
}

async function coupledGrpo(flags: EvaluateFlags & QueueFlags, { terminal, signal }: Context): Promise<void> {
  const set = [...stalenessSetting(flags), ...flags.set];
  const read = readRecipe(
    CoupledGrpoRecipeSchema,
    "coupled-grpo",
    datasetFlag({ ...flags, set }, { dataset: "data.dataset", rest: "data" }),
    terminal,
  );
  if (read === undefined) return;
  const parsed = withRewards(read, flags);
  const modelDir = flags.model ?? bundledModelDir();
  if (flags.plan === true) return showPlan(await planCoupledGrpoRecipe(parsed, modelDir), flags, terminal);
  const coder = await loadPolicyModel(modelDir, parsed);
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

/** A recipe with the rewards of `--reward` added to its own. */
function withRewards<R extends { training: Pick<RewardSettings, "rewardModules"> }>(recipe: R, { reward = [] }: ModelFlags): R {
  const rewardModules = [...recipe.training.rewardModules, ...reward.map(parseRewardFlag)];
  return { ...recipe, training: { ...recipe.training, rewardModules } };
}

async function evaluate(flags: EvaluateFlags & QueueFlags, { terminal, signal }: Context): Promise<void> {
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
      withQueue(flags, (queue) =>
        showProgress({ terminal, json: flags.json }, (onProgress) =>
          runEval({ config, queue, sandbox, phase: "evaluate", signal, onProgress, onNotice }),
        ),
      ),
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
