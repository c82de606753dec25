// The types of recipes and of an evaluation's settings: what may be left out, and that the interfaces, which users see, have the schemas'
// settings and no others. `pnpm typecheck` is what fails.
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { EvalConfig, EvalConfigSchema } from "./evaluation/eval-config.ts";
import type { EvaluationSettings, EvaluationSettingsSchema } from "./evaluation/evaluation-settings.ts";
import type { CoupledGrpoRecipe, CoupledGrpoRecipeSchema } from "./training/coupled-grpo.ts";
import type { EvaluateRecipe, EvaluateRecipeSchema } from "./training/evaluate-settings.ts";
import type { PretrainRecipe, PretrainRecipeSchema } from "./training/pretrain.ts";
import type { TrainingData, TrainingDataSchema } from "./training/task-rewards.ts";

describe("the types of recipes", () => {
  it("of pretraining: the sizes of the model and the data must be given", () => {
    type Input = z.input<typeof PretrainRecipeSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof PretrainRecipe>();
    expectTypeOf<keyof Input["data"]>().toEqualTypeOf<keyof PretrainRecipe["data"]>();
    expectTypeOf<Omit<Input, "model">>().not.toExtend<Input>();
    expectTypeOf<Omit<Input, "data">>().not.toExtend<Input>();
    expectTypeOf<Omit<Input, "executor" | "device" | "precision">>().toExtend<Input>();
  });

  it("of coupled-GRPO: rewards and the held-out evaluation have defaults, which are there afterwards", () => {
    type Input = z.input<typeof CoupledGrpoRecipeSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof CoupledGrpoRecipe>();
    expectTypeOf<keyof Input["training"]>().toEqualTypeOf<keyof CoupledGrpoRecipe["training"]>();
    expectTypeOf<{ maxSteps: number; promptsPerStep: number; learningRate: number }>().toExtend<Input["training"]>();
    expectTypeOf<Omit<Input, "evaluation">>().toExtend<Input>();
    expectTypeOf<z.output<typeof CoupledGrpoRecipeSchema>["evaluation"]>().toExtend<EvaluationSettings>();
    expectTypeOf<z.output<typeof TrainingDataSchema>>().toExtend<TrainingData>();
    expectTypeOf<TrainingData["dataset"]>().toEqualTypeOf<string>();
  });
});

describe("the types of an evaluation's settings", () => {
  it("need a dataset; the rest has defaults", () => {
    type Input = z.input<typeof EvaluationSettingsSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof EvaluationSettings>();
    expectTypeOf<{ dataset: string }>().toExtend<Input>();
    expectTypeOf<object>().not.toExtend<Input>();
    expectTypeOf<Input["masks"]>().toEqualTypeOf<number | "oracle" | undefined>();
    expectTypeOf<EvaluationSettings["samplesPerTask"]>().toEqualTypeOf<number>();
  });

  it("of `eval` and `train evaluate` are the interfaces' and no others", () => {
    expectTypeOf<keyof z.input<typeof EvalConfigSchema>>().toEqualTypeOf<keyof EvalConfig>();
    expectTypeOf<keyof z.input<typeof EvaluateRecipeSchema>>().toEqualTypeOf<keyof EvaluateRecipe>();
    expectTypeOf<z.output<typeof EvalConfigSchema>["samples"]>().toEqualTypeOf<string | string[] | undefined>();
  });
});
