// The types of coupled-GRPO's settings: what may be left out, and what is always there once they are read. `pnpm typecheck` is what fails.
import { parseConfig } from "@diffucoder/core";
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { type CoupledGrpoConfig, CoupledGrpoConfigSchema } from "./config.ts";
import type { EstimatorName } from "./estimators/index.ts";

type Input = z.input<typeof CoupledGrpoConfigSchema>;

describe("the types of coupled-GRPO's settings", () => {
  it("need steps, prompts and a learning rate; the rest has defaults", () => {
    type Least = { maxSteps: number; promptsPerStep: number; learningRate: number };
    expectTypeOf<Least>().toExtend<Input>();
    expectTypeOf<Omit<Least, "maxSteps">>().not.toExtend<Input>();
    expectTypeOf<Omit<Least, "promptsPerStep">>().not.toExtend<Input>();
    expectTypeOf<Omit<Least, "learningRate">>().not.toExtend<Input>();
  });

  it("are an interface, which users see, and what parseConfig gives", () => {
    const read = (data: unknown) => parseConfig(CoupledGrpoConfigSchema, data);
    expectTypeOf(read).returns.toExtend<CoupledGrpoConfig>();
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof CoupledGrpoConfig>();
    expectTypeOf<CoupledGrpoConfig["beta"]>().toEqualTypeOf<number>();
    expectTypeOf<CoupledGrpoConfig["epsilonHigh"]>().toEqualTypeOf<number | undefined>();
  });

  it("name an estimator and a baseline that there are", () => {
    expectTypeOf<Input["estimator"]>().toEqualTypeOf<EstimatorName | undefined>();
    expectTypeOf<EstimatorName>().not.toEqualTypeOf<string>();
    expectTypeOf<Input["baseline"]>().toEqualTypeOf<"leaveOneOut" | "groupMean" | undefined>();
  });
});
