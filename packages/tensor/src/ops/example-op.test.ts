// The op that docs/engine.md writes out, as it stands there.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { checkFunction, spread, valueOn } from "../gradient-check.fixture.ts";
import * as t from "../index.ts";

const page = readFileSync(fileURLToPath(new URL("../../../../docs/engine.md", import.meta.url)), "utf8");
const folder = fileURLToPath(new URL("../../node_modules/.engine-example", import.meta.url));
const imports = `
import { applyOp, type Tensor, type TensorLike, toTensor } from "../../src/tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "../../src/ops/definition.ts";
import { mul, sigmoid } from "../../src/ops/elementwise.ts";
`;

it("the op of docs/engine.md has the values and the gradient that the page says, on ONNX Runtime too", async () => {
  const [, code] = /```ts\n(const softplusOp[^]*?)```/.exec(page) ?? [];
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(`${folder}/softplus.ts`, imports + code);
    const { softplus } = (await import(/* @vite-ignore */ `${folder}/softplus.ts`)) as { softplus: (x: t.TensorLike) => t.Tensor };
    const executors = [await t.onnxExecutor({ api: "c" }), await t.onnxExecutor({ api: "js" })];
    await checkFunction(softplus, [spread([5])], executors);
    expect(await valueOn(t.referenceExecutor, softplus, t.float32([0]))).toBeAllclose([Math.log(2)]);
    await expect(valueOn(t.referenceExecutor, softplus, t.int32([0]))).rejects.toThrow('softplus: x must be of dtype float32, got "int32".');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
