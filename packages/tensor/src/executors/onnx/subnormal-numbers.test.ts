import { expect, it } from "vitest";
import { compile, float32, neg, onnxExecutor } from "../../index.ts";

it("leaves JavaScript its subnormal numbers, which ONNX Runtime's threads take for zero", async () => {
  const negate = compile(neg, { executor: await onnxExecutor({ api: "c" }) });
  await negate(float32([1]));
  negate.dispose();
  expect(Float64Array.of(1e-310)[0]! * 2).toBe(2e-310);
});
