// A linear layer with a quantized weight, in either order: that of quantize.ts, or in panels.
import { ShapeError } from "@diffucoder/core";
import { type Shape, sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType } from "./definition.ts";
import { reshape } from "./movement.ts";
import { panelLinear, panelSizes } from "./panels.ts";
import { linearOfRows, type QuantizedWeight } from "./quantized.ts";

/**
 * `x W^T` with a quantized weight; which kind it is shows in the codes. Inputs are rounded as well: for int8 to 8 bits
 * with a scale for each row, for int4 (in ONNX Runtime) to 8 bits with a scale for each block.
 *
 * @param x float32 `[..., in]`
 * @returns float32 `[..., out]`
 * @throws {ShapeError} or {InvalidArgumentError} if x, codes and scales do not belong together
 */
export function quantizedLinear(x: TensorLike, { codes, scales }: QuantizedWeight<TensorLike>): Tensor {
  const [tensor, codeTensor, scaleTensor] = [toTensor(x), toTensor(codes), toTensor(scales)];
  expectDType("quantizedLinear", "x", tensor, "float32");
  expectDType("quantizedLinear", "codes", codeTensor, "int8", "uint8");
  expectDType("quantizedLinear", "scales", scaleTensor, "float32");
  const { shape: codeShape, dtype } = codeTensor;
  if (dtype === "int8" ? codeShape.length !== 2 : ![3, 4, 5].includes(codeShape.length))
    throw new ShapeError({
      argument: "quantizedLinear: codes",
      shape: codeShape,
      expected: dtype === "int8" ? "[in, out]" : "[out, blocks, block / 2], or panels",
    });
  const [inner, out, scaleShape] = sizes(codeTensor.shape);
  if (tensor.shape.at(-1) !== inner)
    throw new ShapeError({
      argument: "quantizedLinear: x",
      shape: tensor.shape,
      expected: `${inner} along its last axis to fit codes, [${codeTensor.shape.join(", ")}]`,
    });
  if (scaleTensor.shape.join() !== scaleShape.join())
    throw new ShapeError({
      argument: "quantizedLinear: scales",
      shape: scaleTensor.shape,
      expected: `[${scaleShape.join(", ")}] to fit codes, [${codeTensor.shape.join(", ")}]`,
    });

  const leading = tensor.shape.slice(0, -1);
  const flat = reshape(tensor, [sizeOf(leading), inner]);
  const weight = { codes: codeTensor, scales: scaleTensor };
  return reshape(isInPanels(codeShape) ? panelLinear(flat, weight) : linearOfRows(flat, weight), [...leading, out]);
}

function isInPanels(codes: Shape): boolean {
  return codes.length > 3;
}

/** `in`, `out` and the shape of the scales, from the shape of the codes. */
function sizes(codes: Shape): [inner: number, out: number, scales: Shape] {
  if (isInPanels(codes)) return panelSizes(codes);
  if (codes.length === 2) return [codes[0]!, codes[1]!, [codes[1]!]];
  const [out, blocks, bytes] = codes as [number, number, number];
  return [2 * blocks * bytes, out, [out, blocks]];
}
