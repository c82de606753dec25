import { DiffuCoderError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { GenerateSettingsSchema } from "./generate-options.ts";
import { prepareInfilling } from "../infill.ts";
import { InfillSettingsSchema } from "./infill-options.ts";
import { readModelFolder } from "../folder/model-folder.ts";
import { prepareGeneration } from "../generation.ts";
import { makeTinyModel } from "../tiny-model.fixture.ts";

const folder = makeTinyModel({ moreSpecialTokens: ["<|expand|>"] });
afterAll(folder.remove);
const model = readModelFolder(folder.dir);

/** Options of the right names and of any values, right ones among them. */
const options = (names: readonly string[]): fc.Arbitrary<object> => {
  const likely = fc.constantFrom<unknown>(
    "x",
    0,
    1,
    3,
    0.5,
    -1,
    true,
    "entropy",
    "threshold",
    "variable",
    { kind: "dual" },
    [{ masks: 2 }, "x"],
    [null],
  );
  return fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.anything(), likely), { maxKeys: 5 });
};

describe("options of any kind", () => {
  const refusedOrTaken = (prepare: (data: object) => unknown) => (data: object) => {
    try {
      prepare(data);
    } catch (error) {
      expect(error).toBeInstanceOf(DiffuCoderError);
      expect((error as Error).message).not.toBe("");
    }
  };

  it("are taken by generate, or refused with an error of ours", () => {
    const check = refusedOrTaken((data) => prepareGeneration(model, data));
    fc.assert(fc.property(options(Object.keys(GenerateSettingsSchema.shape)), check), { numRuns: 500, seed: 1 });
  });

  it("are taken by infill, or refused with an error of ours", () => {
    const check = refusedOrTaken((data) => prepareInfilling(model, data));
    fc.assert(fc.property(options(Object.keys(InfillSettingsSchema.shape)), check), { numRuns: 500, seed: 2 });
  });
});
