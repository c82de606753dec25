import { InvalidArgumentError } from "@diffucoder/core";
import type { DType } from "../dtype.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Shape } from "../shape.ts";
import type { Aval, Tensor } from "../tensor.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";

/** A value in the reference executor: every dtype is held as float64. */
export interface HostValue {
  readonly data: Float64Array;
  readonly shape: Shape;
}

/**
 * All that is known of one primitive, in one place: its check, its gradient, its meaning and its ONNX form.
 * Adding an op is writing one of these and the function that applies it.
 */
export interface OpDefinition {
  /** Its name, as errors have it. */
  readonly name: string;
  /** Shape and dtype of the result. @throws {ShapeError} or {InvalidArgumentError} naming the op and the argument */
  infer(inputs: readonly Tensor[], attributes: any): Aval;
  /** Gradients with respect to the inputs, given the gradient `g` of the output; `undefined` where there is none. */
  vjp?(g: Tensor, node: Tensor, attributes: any): readonly (Tensor | undefined)[];
  /** The value in float64, by the plainest loop. */
  evaluate(inputs: readonly HostValue[], node: Tensor, attributes: any): Float64Array;
  /** Adds ONNX nodes to the builder and returns the name of the result. */
  emit(builder: OnnxBuilder, inputs: readonly string[], node: Tensor, attributes: any): string;
  /** The kernel that computes it instead, where there are kernels; `undefined`: none for these inputs. @default never one */
  kernel?(target: KernelTarget, node: Tensor, attributes: any): KernelCall | undefined;
  /** Its result is its first input, and only its gradient is another. */
  readonly isGradientRule?: boolean;
  /** The result may share memory with the input (reshape), or a runtime may fold the op into its reader (transpose). */
  readonly isView?: boolean;
  /** Element i of the result reads only element i of same-shaped inputs, so the result may overwrite such an input. */
  readonly isElementwise?: boolean;
  /** Which input the result is, but for some replaced elements; it may be written over it. */
  readonly updates?: number;
}

/** Checks that an argument has one of the dtypes. @throws {InvalidArgumentError} */
export function expectDType(op: string, argument: string, value: Aval, ...dtypes: DType[]): void {
  if (!dtypes.includes(value.dtype)) {
    throw new InvalidArgumentError({ argument: `${op}: ${argument}`, value: value.dtype, expected: `of dtype ${dtypes.join(" or ")}` });
  }
}
