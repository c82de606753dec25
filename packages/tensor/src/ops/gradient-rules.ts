// Primitives that change only the gradient, or only when a value is computed, not the value.
import { ShapeError } from "@diffucoder/core";
import { sameShape, sizeOf } from "../shape.ts";
import { applyOp, Tensor, type TensorLike, toTensor } from "../tensor.ts";
import type { HostValue, OpDefinition } from "./definition.ts";

const stopGradientOp: OpDefinition = {
  name: "stopGradient",
  isView: true,
  isGradientRule: true,
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
    isGradientRule: true,
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

const afterOp: OpDefinition = {
  name: "after",
  isElementwise: true,
  infer: ([x]) => ({ shape: (x as Tensor).shape, dtype: (x as Tensor).dtype }),
  evaluate: ([x]) => (x as HostValue).data.slice(),
  emit: (builder, [x, y], node) => {
    // No runtime takes x + 0 y for x: y could be infinite.
    const first = builder.node("Gather", [builder.node("Reshape", [y as string, builder.int64s([-1])]), builder.int64(0)]);
    return builder.node("Add", [x as string, builder.node("Mul", [first, builder.initializer(new Float32Array(1), [], node.dtype)])]);
  },
};

/** `x`, float32, as a new value that is there only once `y` has been computed; no gradient flows through it. */
export function after(x: Tensor, y: Tensor): Tensor {
  return sizeOf(y.shape) === 0 ? stopGradient(x) : applyOp(afterOp, [x, y]);
}
