// The types of pretraining's settings: what may be left out, and what is always there once they are read. `pnpm typecheck` is what fails.
import { parseConfig } from "@diffucoder/core";
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { type PretrainConfig, PretrainConfigSchema } from "./pretrain-config.ts";
import type { PretrainStage } from "./pretrain-stage.ts";

type Input = z.input<typeof PretrainConfigSchema>;

describe("the types of pretraining's settings", () => {
  it("need stages, rows and a learning rate; the rest has defaults", () => {
    type Least = { stages: { objective: "diffusion"; maxSteps: number }[]; perDeviceTrainBatchSize: number; learningRate: number };
    expectTypeOf<Least>().toExtend<Input>();
    expectTypeOf<Omit<Least, "stages">>().not.toExtend<Input>();
    expectTypeOf<Omit<Least, "perDeviceTrainBatchSize">>().not.toExtend<Input>();
    expectTypeOf<Omit<Least, "learningRate">>().not.toExtend<Input>();
  });

  it("are an interface, which users see, and what parseConfig gives", () => {
    const read = (data: unknown) => parseConfig(PretrainConfigSchema, data);
    expectTypeOf(read).returns.toExtend<PretrainConfig>();
    expectTypeOf<keyof Input>().toEqualTypeOf<keyof PretrainConfig>();
    expectTypeOf<PretrainConfig["saveSteps"]>().toEqualTypeOf<number>();
  });

  it("tell stages apart by their objective", () => {
    expectTypeOf<{ objective: "autoregressive"; maxSteps: number }>().toExtend<PretrainStage>();
    expectTypeOf<Extract<PretrainStage, { objective: "block_diffusion" }>["blockLength"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<{ objective: "block_diffusion"; maxSteps: number }>().toExtend<Input["stages"][number]>(); // in the model's own blocks
    expectTypeOf<{ objective: "block_diffusion"; blockLength: number }>().not.toExtend<Input["stages"][number]>(); // maxSteps is missing
    expectTypeOf<{ objective: "masked"; maxSteps: number }>().not.toExtend<Input["stages"][number]>();
  });
});
