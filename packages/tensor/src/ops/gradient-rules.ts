// Two primitives that change only the gradient, not the value.
import { ShapeError } from "@diffucoder/core";
import { sameShape } from "../shape.ts";
import { applyOp, Tensor, type TensorLike, toTensor } from "../tensor.ts";
import type { HostValue, OpDefinition } from "./definition.ts";

const stopGradientOp: OpDefinition = {
  name: "stopGradient",
  isView: true,
  infer: ([x]) => ({ shape: (x as Tensor).shape, dtype: (x as Tensor).dtype }),
  evaluate: ([x]) => (x as HostValue).data,
  emit: (_builder, [x]) => x as string,
};

/** The same value, through which no gradient flows. */
export function stopGradient(x: TensorLike): Tensor {
  return applyOp(stopGradientOp, [toTensor(x)]);
}

/**
 * `value`, with a hand-written gradient: `gradient(g)` gives one gradient per tensor of `inputs`, in order, instead
 * of what differentiating the steps to `value` would give.
 */
export function withGradient(value: Tensor, inputs: readonly Tensor[], gradient: (g: Tensor) => readonly Tensor[]): Tensor {
  // A fresh definition each time: its gradient is part of its identity, so it must never be shared by name.
  const op: OpDefinition = {
    name: "withGradient",
    isView: true,
    infer: ([x]) => ({ shape: (x as Tensor).shape, dtype: (x as Tensor).dtype }),
    vjp: (g) => {
      const gradients = gradient(g);
      gradients.forEach((one, i) => {
        const input = inputs[i] as Tensor;
        if (!sameShape(one.shape, input.shape))
          throw new ShapeError({ argument: `withGradient: gradient ${i}`, shape: one.shape, expected: `[${input.shape.join(", ")}], as its input` });
      });
      return [undefined, ...gradients];
    },
    evaluate: ([x]) => (x as HostValue).data,
    emit: (_builder, [x]) => x as string,
  };
  return new Tensor({ shape: value.shape, dtype: value.dtype, op, inputs: [stopGradient(value), ...inputs] });
}
