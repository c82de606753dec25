import { UnavailableError } from "@diffucoder/core";
import { afterAll, describe, expect, it } from "vitest";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const onGpu = await loadDiffuCoder(model.dir, { device: "webgpu" }).catch((error: unknown) => {
  if (!(error instanceof UnavailableError)) throw error;
  return error;
});

describe("loadDiffuCoder's device", () => {
  const note = onGpu instanceof UnavailableError ? ` (SKIPPED: ${onGpu.message})` : "";
  it.skipIf(note !== "")(`writes on a GPU what it writes on the processor, and keeps the weights there${note}`, async () => {
    if (onGpu instanceof UnavailableError) return;
    const here = await loadDiffuCoder(model.dir);
    for (const options of [{ seed: 3, temperature: 1 }, { cache: { kind: "dual" as const } }]) {
      const call = { prompt: "Return the sum of xs.", ...options };
      expect((await onGpu.generate(call)).tokenIds).toEqual((await here.generate(call)).tokenIds);
    }
    expect(Object.values(onGpu.parameters).filter((array) => array.deviceData === undefined)).toEqual([]);
    await expect(loadDiffuCoder(model.dir, { device: "webgpu", quantize: "int8" })).rejects.toThrow(
      'device must be "cpu" for a model in int8, got "webgpu".',
    );
  });

  it.runIf(onGpu instanceof UnavailableError)("says what is there if it is asked for a GPU and there is none", () => {
    expect((onGpu as UnavailableError).message).toMatch(
      /^The device "webgpu" is not available: .*; the device that is there is "cpu"\. Install a driver for Vulkan, Metal or Direct3D 12, or choose "cpu"\.$/,
    );
  });

  it("knows no other device", async () => {
    await expect(loadDiffuCoder(model.dir, { device: "cuda" as never })).rejects.toThrow(
      'Invalid load options:\n  - device: must be one of "cpu", "webgpu", got "cuda"',
    );
  });
});
