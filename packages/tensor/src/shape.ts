import { ShapeError } from "@diffucoder/core";

/** Length of each axis, from 0 on; `[]` is a scalar's. */
export type Shape = readonly number[];

/** Number of elements of a shape: 1 of a scalar's. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = Array.from<number>({ length: shape.length });
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** NumPy's broadcasting of two shapes. @throws {ShapeError} naming the op and both shapes */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError({ argument: `${op}: b`, shape: b, expected: `a shape that broadcasts with a, [${a.join(", ")}]` });
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** A negative axis counts from the end. @throws {ShapeError} */
export function normalizeAxis(op: string, axis: number, shape: Shape): number {
  const result = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || result < 0 || result >= shape.length) {
    throw new ShapeError({ argument: `${op}: x`, shape, expected: `a shape with axis ${axis}` });
  }
  return result;
}

/** Flat index into an array of shape `from`, broadcast to `to`, from a flat index of `to`. */
export function broadcastIndex(from: Shape, to: Shape): (index: number) => number {
  if (sameShape(from, to)) return (index) => index;
  const offset = to.length - from.length;
  const fromStrides = stridesOf(from).map((stride, axis) => (from[axis] === 1 ? 0 : stride));
  const toStrides = stridesOf(to);
  return (index) => {
    let rest = index;
    let result = 0;
    for (let axis = 0; axis < to.length; axis++) {
      const stride = toStrides[axis]!;
      const position = stride === 0 ? 0 : Math.floor(rest / stride);
      rest -= position * stride;
      if (axis >= offset) result += position * fromStrides[axis - offset]!;
    }
    return result;
  };
}
