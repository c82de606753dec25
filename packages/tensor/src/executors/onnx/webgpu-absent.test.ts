// A file of tests is a process of its own: in this one Vulkan finds no driver.
import { expect, it } from "vitest";
import { add, compile, float32, onnxExecutor, type Tensor } from "../../index.ts";

it.runIf(process.platform === "linux")("says what is there when it is asked for a device that is not", async () => {
  process.env["VK_DRIVER_FILES"] = process.env["VK_ICD_FILENAMES"] = "/no/such/driver.json";
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(onnxExecutor({ device: "webgpu" })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message:
        'The device "webgpu" is not available: ONNX Runtime finds no graphics adapter (No supported adapters); the device that is there is "cpu". ' +
        'Install a driver for Vulkan, Metal or Direct3D 12, or choose "cpu".',
    });
  }
  expect([...(await compile((x: Tensor) => add(x, 1), { executor: await onnxExecutor() })(float32([1, 2]))).data]).toEqual([2, 3]);
});
