// The types of the options' schemas: what may be left out, and what is always there once they are read. `pnpm typecheck` is what fails.
import { parseConfig } from "@diffucoder/core";
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { CacheOptions, CacheOptionsSchema } from "./cache/options.ts";
import type { EditingOptions, EditingOptionsSchema } from "./decoders/editing.ts";
import type { LladaOptions, LladaOptionsSchema } from "./decoders/llada.ts";
import type { ParallelOptions, ParallelOptionsSchema } from "./decoders/parallel.ts";
import type { RemaskingOptions, RemaskingOptionsSchema } from "./decoders/remasking.ts";
import { type Alg, type SamplerOptions, SamplerOptionsSchema } from "./options.ts";

describe("the types of options", () => {
  it("of Dream's decoding: only maxNewTokens must be given, and defaults are there afterwards", () => {
    type Input = z.input<typeof SamplerOptionsSchema>;
    expectTypeOf<{ maxNewTokens: number }>().toExtend<Input>();
    expectTypeOf<Input["alg"]>().toEqualTypeOf<Alg | undefined>();
    expectTypeOf<z.output<typeof SamplerOptionsSchema>>().toExtend<SamplerOptions>();
    expectTypeOf<SamplerOptions>().toExtend<z.output<typeof SamplerOptionsSchema>>();
    expectTypeOf<SamplerOptions["temperature"]>().toEqualTypeOf<number>();
    expectTypeOf<SamplerOptions["topP"]>().toEqualTypeOf<number | undefined>();
  });

  it("are what parseConfig gives", () => {
    const read = (data: unknown) => parseConfig(SamplerOptionsSchema, data);
    expectTypeOf(read).returns.toEqualTypeOf<Readonly<z.output<typeof SamplerOptionsSchema>>>();
  });

  it("of the other decoders and caches: the interfaces, which users see, are what the schemas take", () => {
    expectTypeOf<LladaOptions>().toExtend<z.input<typeof LladaOptionsSchema>>();
    expectTypeOf<ParallelOptions>().toExtend<z.input<typeof ParallelOptionsSchema>>();
    expectTypeOf<RemaskingOptions>().toExtend<z.input<typeof RemaskingOptionsSchema>>();
    expectTypeOf<EditingOptions>().toExtend<z.input<typeof EditingOptionsSchema>>();
    expectTypeOf<CacheOptions>().toExtend<z.input<typeof CacheOptionsSchema>>();
  });

  it("tell rules and caches apart by their name", () => {
    expectTypeOf<{ rule: "threshold"; threshold: number }>().toExtend<ParallelOptions>();
    expectTypeOf<{ rule: "surest"; threshold: number }>().not.toExtend<ParallelOptions>();
    expectTypeOf<{ kind: "dual" }>().toExtend<CacheOptions>();
    expectTypeOf<{ kind: "block-causal" }>().not.toExtend<CacheOptions>(); // blockLength is missing
  });
});
