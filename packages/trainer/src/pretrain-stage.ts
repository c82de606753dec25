// The stages that a recipe may name, each by its objective.
import { z } from "zod";
import type { Objective } from "./objective.ts";
import { adaptation } from "./objectives/adaptation.ts";
import { autoregressive } from "./objectives/autoregressive.ts";
import { blockDiffusion } from "./objectives/block-diffusion.ts";
import { diffusion } from "./objectives/diffusion.ts";
import { instructionTuning, type Padding } from "./objectives/instruction-tuning.ts";

/** A stage, as `PretrainStageSchema` gives it. */
export type PretrainStage =
  | {
      /** Predict each token from those before it. */
      objective: "autoregressive";
      /** Steps of the stage. */
      maxSteps: number;
    }
  | {
      /** Predict masked tokens of the completion from all others. */
      objective: "diffusion";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
    }
  | {
      /** Predict masked tokens of the whole text, its prompt too, while attention opens from causal to bidirectional. */
      objective: "adaptation";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
      /** Steps until every token sees every token. @default 0: from the first step on */
      annealSteps: number;
      /** Share of the rows that are cut to a random length. @default 0 */
      truncationRate: number;
      /** Share of the rows of which a random prefix is not masked. @default 0 */
      cleanPrefixRate: number;
    }
  | {
      /** Predict masked tokens of the response, behind a prompt that is not noised. */
      objective: "instruction_tuning";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
      /** Steps until every prompt is clean; the share of clean prompts grows until then. @default 0: from the first step on */
      phaseInSteps?: number | undefined;
      /** How far responses are padded with tokens that are learned. @default "max_length" */
      padding: Padding;
    }
  | {
      /** Predict masked tokens from their own block and the clean ones before it. */
      objective: "block_diffusion";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
      /** Tokens of a block. @default the model's, if it has blocks */
      blockLength?: number | undefined;
    };

const maxSteps = z.int().positive().describe("steps of the stage");

const eps = z.number().positive().max(1).default(1e-3).describe("smallest timestep");

const share = z.number().min(0).max(1).default(0);

/** A stage by its objective. */
export const PretrainStageSchema = z.discriminatedUnion("objective", [
  z.strictObject({ objective: z.literal("autoregressive"), maxSteps }),
  z.strictObject({ objective: z.literal("diffusion"), maxSteps, eps }),
  z
    .strictObject({
      objective: z.literal("adaptation"),
      maxSteps,
      eps,
      annealSteps: z.int().nonnegative().default(0).describe("steps until every token sees every token"),
      truncationRate: share.describe("share of the rows that are cut to a random length"),
      cleanPrefixRate: share.describe("share of the rows of which a random prefix is not masked"),
    })
    .refine(({ annealSteps, maxSteps: steps }) => annealSteps <= steps, {
      path: ["annealSteps"],
      error: "must be at most maxSteps: attention must be open before the stage ends, as it is when the model generates",
    }),
  z.strictObject({
    objective: z.literal("instruction_tuning"),
    maxSteps,
    eps,
    phaseInSteps: z
      .int()
      .nonnegative()
      .optional()
      .describe("steps until every prompt is clean; default: an epoch of a file, else a fifth of the stage"),
    padding: z
      .enum(["max_length", "longest"])
      .default("max_length")
      .describe("how far responses are padded with tokens that are learned: max_length, or longest, of the batch"),
  }),
  z.strictObject({
    objective: z.literal("block_diffusion"),
    maxSteps,
    eps,
    blockLength: z.int().positive().optional().describe("tokens of a block; default: the model's, if it has blocks"),
  }),
]) satisfies z.ZodType<PretrainStage>;

/** What a stage's objective needs to know of the model. */
export interface ObjectiveModel {
  /** The mask token. */
  maskTokenId: number;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Tokens of the model's blocks. @default its tokens see all */
  blockLength?: number | undefined;
}

/** The objective of a stage that fits the model. */
export function objectiveOf(stage: PretrainStage, { maskTokenId, shift, blockLength: own }: ObjectiveModel): Objective {
  switch (stage.objective) {
    case "autoregressive":
      return autoregressive();
    case "diffusion":
      return diffusion({ maskTokenId, ...stage });
    case "adaptation":
      return adaptation({ maskTokenId, ...stage });
    case "instruction_tuning":
      return instructionTuning({ maskTokenId, ...stage });
    case "block_diffusion":
      return blockDiffusion({ maskTokenId, shift, ...stage, blockLength: stage.blockLength ?? own! });
  }
}
