import { findKernels } from "@diffucoder/kernels";
import { describe, expect, it } from "vitest";
import { executorsOfAllLevels } from "../../kernel-levels.fixture.ts";
import * as t from "../../index.ts";

const found = findKernels();
const kernels = "path" in found ? "" : ` (skipped: no kernels here, ${found.problem})`;

describe.skipIf(kernels !== "")(`kernels${kernels}`, () => {
  it("are loaded, at the processor's level", async () => {
    const report = await t.reportKernels();
    expect(report).toMatchObject({ path: "path" in found && found.path, target: { threads: expect.any(Number) } });
  });

  it("are what an optimizer's step runs as, on every level", async () => {
    const executors = await executorsOfAllLevels();
    expect(executors.map(({ executor }) => executor.runsFused !== undefined)).toEqual(executors.map(({ level }) => level !== "off"));
  });
});
