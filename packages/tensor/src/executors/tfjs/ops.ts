// Each primitive in TensorFlow.js's words. A function gets the op's inputs in order and gives a new tensor; what it makes on
// the way is freed by its caller. Results without elements never come here: TensorFlow.js loses some of their shapes.
import type * as tfjs from "@tensorflow/tfjs-core";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

/** TensorFlow.js: the core with the backend that was loaded. */
export type Tfjs = typeof tfjs;

export type TfjsOp = (tf: Tfjs, inputs: readonly tfjs.Tensor[], node: Tensor, attributes: any) => tfjs.Tensor;

type Unary = (tf: Tfjs) => (x: tfjs.Tensor) => tfjs.Tensor;
type Binary = (tf: Tfjs) => (a: tfjs.Tensor, b: tfjs.Tensor) => tfjs.Tensor;

const unary =
  (pick: Unary): TfjsOp =>
  (tf, [x]) =>
    pick(tf)(x as tfjs.Tensor);

const binary =
  (pick: Binary): TfjsOp =>
  (tf, inputs) =>
    pick(tf)(inputs[0] as tfjs.Tensor, inputs[1] as tfjs.Tensor);

const sameValue = unary((tf) => tf.clone);

export const tfjsOps: Readonly<Record<string, TfjsOp>> = {
  neg: unary((tf) => tf.neg),
  exp: unary((tf) => tf.exp),
  log: unary((tf) => tf.log),
  sqrt: unary((tf) => tf.sqrt),
  reciprocal: unary((tf) => tf.reciprocal),
  sigmoid: unary((tf) => tf.sigmoid),
  tanh: unary((tf) => tf.tanh),
  sin: unary((tf) => tf.sin),
  cos: unary((tf) => tf.cos),
  abs: unary((tf) => tf.abs),
  sign: unary((tf) => tf.sign),
  floor: unary((tf) => tf.floor),
  not: unary((tf) => tf.logicalNot),
  stopGradient: sameValue,
  withGradient: sameValue,
  after: sameValue,

  add: binary((tf) => tf.add),
  sub: binary((tf) => tf.sub),
  mul: binary((tf) => tf.mul),
  div: (tf, [a, b], { dtype }) => (dtype === "int32" ? truncatedDivision(tf, a!, b!) : tf.div(a!, b!)),
  maximum: binary((tf) => tf.maximum),
  minimum: binary((tf) => tf.minimum),
  equal: binary((tf) => tf.equal),
  less: binary((tf) => tf.less),
  lessEqual: binary((tf) => tf.lessEqual),
  greater: binary((tf) => tf.greater),
  greaterEqual: binary((tf) => tf.greaterEqual),
  and: binary((tf) => tf.logicalAnd),
  or: binary((tf) => tf.logicalOr),
  where: (tf, [condition, a, b]) => tf.where(condition!, a!, b!),
  cast: (tf, [x], { dtype }) => tf.cast(x!, dtype as "float32" | "int32" | "bool"),

  sum: (tf, [x], _node, { axes }) => tf.sum(x!, axes, true),
  sumSquares: (tf, [x], _node, { axes }) => tf.sum(tf.square(x!), axes, true),
  max: (tf, [x], _node, { axes }) => tf.max(x!, axes, true),
  argMax: (tf, [x], _node, { axis }) => tf.argMax(x!, axis),
  cumSum: (tf, [x], _node, { axis, exclusive, reverse }) => tf.cumsum(x!, axis, exclusive, reverse),
  softmax: (tf, [x]) => tf.softmax(x!),
  logSoftmax: (tf, [x]) => tf.logSoftmax(x!),

  broadcastTo: (tf, [x], { shape }) => broadcast(tf, x!, shape),
  reshape: (tf, [x], { shape }) => tf.reshape(x!, [...shape]),
  transpose: (tf, [x], _node, { permutation }) => tf.transpose(x!, permutation),
  slice: (tf, [x], { shape }, { starts }) => tf.slice(x!, starts, [...shape]),
  pad: (tf, [x], _node, { before, after }) =>
    tf.pad(
      x!,
      before.map((count: number, axis: number) => [count, after[axis]]),
    ),
  concat: (tf, inputs, _node, { axis }) => tf.concat([...inputs], axis),

  matmul: (tf, [a, b], { shape }, { transposeA, transposeB }) => {
    // The CPU backend broadcasts the batch wrongly where only some of its axes are 1.
    const batch = shape.slice(0, -2);
    const spread = (x: tfjs.Tensor): tfjs.Tensor => broadcast(tf, x, [...batch, ...x.shape.slice(-2)]);
    return tf.matMul(spread(a!), spread(b!), transposeA, transposeB);
  },
  rotary: (tf, [x, cos, sin, positions], { shape }) => {
    const [batch, , length, width] = shape as [number, number, number, number];
    const half = width / 2;
    const rows = (table: tfjs.Tensor): tfjs.Tensor => tf.reshape(tf.gather(table, positions as tfjs.Tensor1D), [batch, 1, length, half]);
    const [c, s] = [rows(cos!), rows(sin!)];
    const [left, right] = tf.split(x!, 2, 3) as [tfjs.Tensor, tfjs.Tensor];
    return tf.concat([tf.sub(tf.mul(left, c), tf.mul(right, s)), tf.add(tf.mul(right, c), tf.mul(left, s))], 3);
  },

  take: (tf, [table, indices]) => tf.gather(table!, indices as tfjs.Tensor1D),
  takeAlongAxis: (tf, [x, indices], node, { axis }) => {
    const at = flatIndices(tf, indices!, axis, (node.inputs[0] as Tensor).shape);
    return tf.reshape(tf.gather(tf.reshape(x!, [-1]), at as tfjs.Tensor1D), indices!.shape);
  },
  scatterAdd: (tf, [indices, updates], { shape }, { axis }) => {
    if (updates!.size === 0) return tf.zeros([...shape]);
    const at = tf.reshape(flatIndices(tf, indices!, axis, shape), [-1, 1]);
    return tf.reshape(tf.scatterND(at, tf.reshape(updates!, [-1]), [sizeOf(shape)]), [...shape]);
  },
  replaceRows: (tf, [table, rows, updates]) => {
    if (rows!.size === 0) return tf.clone(table!);
    // The CPU backend writes into the table that it is given (and `clone` shares memory): repeated once, it is a copy.
    const copy = tf.tile(
      table!,
      table!.shape.map(() => 1),
    );
    return tf.tensorScatterUpdate(copy, tf.reshape(rows!, [-1, 1]), updates!);
  },
  sortIndices: (tf, [x], _node, { count }) => tf.topk(x!, count, true).indices,
};

function broadcast(tf: Tfjs, x: tfjs.Tensor, shape: Shape): tfjs.Tensor {
  const fits = x.rank === shape.length && x.shape.every((dim, axis) => dim === shape[axis]);
  return fits ? tf.clone(x) : tf.broadcastTo(x, [...shape]);
}

/** TensorFlow.js rounds quotients of integers down, the graph toward zero. */
function truncatedDivision(tf: Tfjs, a: tfjs.Tensor, b: tfjs.Tensor): tfjs.Tensor {
  const quotient = tf.floorDiv(a, b);
  const rest = tf.sub(a, tf.mul(quotient, b));
  const wasRoundedDown = tf.logicalAnd(tf.notEqual(rest, tf.zerosLike(rest)), tf.less(quotient, tf.zerosLike(quotient)));
  return tf.add(quotient, tf.cast(wasRoundedDown, "int32"));
}

/** For indices along an axis of an array of `shape`, the indices into the flattened array, in one axis. */
function flatIndices(tf: Tfjs, indices: tfjs.Tensor, axis: number, shape: Shape): tfjs.Tensor {
  const [outer, count, inner] = [sizeOf(shape.slice(0, axis)), indices.shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const integer = (value: number): tfjs.Scalar => tf.scalar(value, "int32");
  const starts = tf.reshape(tf.mul(tf.range(0, outer, 1, "int32"), integer(shape[axis]! * inner)), [outer, 1, 1]);
  const rows = tf.mul(tf.reshape(indices, [outer, count, inner]), integer(inner));
  return tf.reshape(tf.add(tf.add(starts, rows), tf.reshape(tf.range(0, inner, 1, "int32"), [1, 1, inner])), [-1]);
}
