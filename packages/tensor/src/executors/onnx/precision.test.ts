import { findKernels } from "@diffucoder/kernels";
import { describe, expect, it } from "vitest";
import { onnxExecutor, reportKernels } from "./executor.ts";

describe("precision bf16", () => {
  it("is float32 without kernels, and says why", async () => {
    expect(await onnxExecutor({ api: "c", kernels: "off", precision: "bf16" })).toMatchObject({
      precision: "float32",
      notices: ["matrix products are in float32 and not in bf16: they are switched off"],
    });
    expect(await onnxExecutor({ api: "js", precision: "bf16" })).toMatchObject({
      precision: "float32",
      notices: ["matrix products are in float32 and not in bf16: ONNX Runtime's JavaScript API, which runs them here, knows no kernels"],
    });
    expect(await onnxExecutor({ api: "c", kernels: "off" })).toMatchObject({ precision: "float32", notices: [] });
  });

  it.skipIf("problem" in findKernels())("says where it gains nothing", async () => {
    const report = await reportKernels();
    const gains = "target" in report && report.target.bf16;
    const notice = "bf16 gains no speed on this processor, which has no AVX512_BF16: it rounds as asked and computes in float32";
    expect(await onnxExecutor({ precision: "bf16" })).toMatchObject({ precision: "bf16", notices: gains ? [] : [notice] });
    expect(await onnxExecutor({ kernels: "avx2", precision: "bf16" })).toMatchObject({ notices: [notice] });
  });

  it("is of the processor alone, and the only other precision", async () => {
    await expect(onnxExecutor({ device: "webgpu", precision: "bf16" })).rejects.toThrow(
      'precision must be "float32" with device "webgpu", got "bf16".',
    );
    await expect(onnxExecutor({ precision: "fp16" as never })).rejects.toThrow('precision must be "float32" or "bf16", got "fp16".');
  });
});
