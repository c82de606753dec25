// `train pretrain`, `adapt`, `midtrain` and `sft`: the stages with an objective.
import { showProgress } from "@diffucoder/command-line";
import { InvalidArgumentError, withFolder } from "@diffucoder/core";
import {
  planStageRecipe,
  PretrainRecipeSchema,
  recipeFile,
  type RecipeName,
  runLaterStage,
  runPretrain,
  type StageCommand,
  StageRecipeSchema,
} from "@diffucoder/recipes";
import type { Command } from "commander";
import { modelText, resultText } from "./outcome-text.ts";
import { addCommand, ADAPTER_TO_GO_ON_FROM, type CommonFlags, type Context, type DataFlags, PLAN, readRecipe, showPlan } from "./recipe-command.ts";

type StageFlags = CommonFlags & DataFlags & { init?: string; adapter?: string };

const STAGE_DATA = "tinycode, or a file of JSON lines (docs/training-data.md): texts, or prompts with responses, instead of the recipe's examples";

/** The stages that start from a model; each has a recipe of its name. */
const LATER_STAGES = {
  adapt: "makes a diffusion model of an autoregressive one (Qwen2, Qwen3, Llama)",
  midtrain: "trains a diffusion model on more text",
  sft: "tunes a diffusion model on prompts with responses",
} satisfies Partial<Record<StageCommand & RecipeName, string>>;

/** Adds the stages to the program. */
export function addStageCommands(program: Command, context: Context): void {
  addCommand(program, "pretrain", "a base model on TinyCode", "runs/pretrain")
    .option("--init <model>", "model to go on from: a folder, or owner/name on Hugging Face's hub (default: a new one of the recipe's size)")
    .option("--adapter <dir>", ADAPTER_TO_GO_ON_FROM)
    .option("--data <file>", STAGE_DATA)
    .action((flags: StageFlags) => pretrain(flags, context));
  for (const [name, description] of Object.entries(LATER_STAGES)) {
    addCommand(program, name, description, `runs/${name}`)
      .option("--plan", PLAN)
      .option("--init <model>", "model to start from, which must be given: a folder, or owner/name on Hugging Face's hub")
      .option("--adapter <dir>", ADAPTER_TO_GO_ON_FROM)
      .option("--data <file>", STAGE_DATA)
      .action((flags: StageFlags) => laterStage(name as keyof typeof LATER_STAGES, flags, context));
  }
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
  const { init, output } = flags;
  if (init === undefined)
    throw new InvalidArgumentError({
      argument: "--init",
      value: init,
      expected: "the model to start from: a folder, or owner/name on Hugging Face's hub",
    });
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
