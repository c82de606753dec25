// What the stages with an objective are told: which examples, which objectives, how long.
import { type ExecutorOptions, ExecutorOptionsSchema } from "@diffucoder/engine";
import { TiersSchema } from "@diffucoder/tasks";
import { type PretrainConfig, PretrainConfigSchema } from "@diffucoder/trainer";
import { z } from "zod";
import { bestNeedsEvaluation } from "./best-checkpoint.ts";
import { type LoraRecipe, LoraRecipeSchema } from "./lora-training.ts";

/** What `train adapt`, `train midtrain` and `train sft` do, and with a model's sizes `train pretrain`. */
export interface StageRecipe extends ExecutorOptions {
  /** The examples. */
  data: {
    /** `"tinycode"`, `"tinycode-full"`, or a file of JSON lines: texts, or prompts with responses. @default "tinycode" */
    dataset: string;
    /** TinyCode's: share of each tier, e.g. `{ "2": 1, "3": 2 }`. @default all but the deepest, mostly 2 and 3 */
    tiers: Record<string, number>;
    /** Positions of the prompt, tokens; texts fill them too. */
    promptLength: number;
    /** Positions of the completion, tokens. */
    completionLength: number;
  };
  /** Stages, batches and the optimizer. */
  training: PretrainConfig;
  /** Trains a LoRA adapter and leaves the model's weights as they are. @default all weights are trained */
  lora?: LoraRecipe | undefined;
  /** What `training.evalSteps` evaluates on. */
  evaluation: {
    /** Number of examples. @default 256 */
    examples: number;
    /** File of held-out examples, for training on a file. @default TinyCode's dev split, of the same tiers */
    dataset?: string | undefined;
  };
}

/** Far beyond any example, tokens: a row of a typo would take all memory. */
const LONGEST = 131_072;

const file = z.string().refine((name) => /\.jsonl?$/.test(name), { error: "expected the path of a file of JSON lines (.jsonl)" });

/** `StageRecipe` as a file's data. */
export const StageRecipeSchema = z.strictObject({
  data: z.strictObject({
    dataset: z
      .enum(["tinycode", "tinycode-full"])
      .or(file)
      .default("tinycode")
      .describe("tinycode, tinycode-full, or a file of JSON lines: texts, or prompts with responses (docs/training-data.md)"),
    tiers: TiersSchema.default({ "1": 1, "2": 4, "3": 5 }),
    promptLength: z.int().positive().max(LONGEST).describe("positions of the prompt, tokens; texts fill them too"),
    completionLength: z.int().positive().max(LONGEST).describe("positions of the completion, tokens"),
  }),
  training: PretrainConfigSchema.refine(...bestNeedsEvaluation),
  lora: LoraRecipeSchema.optional().describe("trains a LoRA adapter and leaves the model's weights as they are"),
  evaluation: z
    .strictObject({
      examples: z.int().positive().max(65_536).default(256).describe("number of held-out examples"),
      dataset: file.optional().describe("file of held-out examples, for training on a file (default: TinyCode's dev split)"),
    })
    .prefault({})
    .describe("held-out examples of training.evalSteps"),
  ...ExecutorOptionsSchema.shape,
}) satisfies z.ZodType<StageRecipe>;
