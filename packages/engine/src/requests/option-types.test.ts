// The types of the requests' schemas: each option of the interfaces, which users see, is one of the schemas. `pnpm typecheck` is what fails.
import { describe, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { LoadSettings, LoadSettingsSchema } from "../load-settings.ts";
import type { GenerateOptions, GenerateSettingsSchema } from "./generate-options.ts";
import type { InfillOptions, InfillSettingsSchema } from "./infill-options.ts";

describe("the types of requests", () => {
  it("of generate: every option that is data is checked, and nothing must be given", () => {
    type Input = z.input<typeof GenerateSettingsSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<Exclude<keyof GenerateOptions, "signal" | "onStep">>();
    expectTypeOf<Omit<GenerateOptions, "signal" | "onStep" | "messages" | "promptIds" | "tools" | "pinned">>().toExtend<Input>();
    expectTypeOf<NonNullable<Input["messages"]>>().toExtend<NonNullable<GenerateOptions["messages"]>>();
    expectTypeOf<NonNullable<Input["tools"]>>().toExtend<NonNullable<GenerateOptions["tools"]>>();
    expectTypeOf<Readonly<NonNullable<Input["promptIds"]>>>().toEqualTypeOf<NonNullable<GenerateOptions["promptIds"]>>();
    expectTypeOf<object>().toExtend<Input>();
    expectTypeOf<z.output<typeof GenerateSettingsSchema>["earlyExit"]>().toEqualTypeOf<boolean>();
    expectTypeOf<z.output<typeof GenerateSettingsSchema>["maxTokens"]>().toEqualTypeOf<number | undefined>();
  });

  it("of infill: every option that is data is checked, and a piece is a text or a hole", () => {
    type Input = z.input<typeof InfillSettingsSchema>;
    expectTypeOf<keyof Input>().toEqualTypeOf<Exclude<keyof InfillOptions, "signal" | "onStep">>();
    expectTypeOf<Omit<InfillOptions, "signal" | "onStep" | "template">>().toExtend<Input>();
    expectTypeOf<Readonly<NonNullable<Input["template"]>>>().toEqualTypeOf<NonNullable<InfillOptions["template"]>>();
    expectTypeOf<{ length: "growing" }>().not.toExtend<Input>();
  });

  it("of loading: the interface and the schema are one", () => {
    expectTypeOf<keyof LoadSettings>().toEqualTypeOf<keyof z.input<typeof LoadSettingsSchema>>();
    expectTypeOf<LoadSettings>().toExtend<z.input<typeof LoadSettingsSchema>>();
    expectTypeOf<z.output<typeof LoadSettingsSchema>>().toExtend<LoadSettings>();
  });
});
