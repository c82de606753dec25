// RmsNorm: inputs x, w; outputs y, r.   RmsNormBackward: inputs x, w, r, the gradient of y; outputs the gradients of x and w.
// Attributes of both: shape, that of x; eps.
#include "../custom-op.h"
#include "rms-norm.h"

typedef struct {
  RmsNormKernel *kernel;
  Shape x, w, r;
  RmsNorm sizes; // without memory
} RmsNormOp;

static void create(RmsNormOp *op, Node *node, RmsNormKernel *kernel) {
  op->kernel = kernel;
  op->x = attribute_shape(node, "shape");
  op->sizes.eps = attribute_float(node, "eps");
  if (node_failed(node)) return;
  if (op->x.rank < 1) {
    node_fail(node, "RmsNorm: shape has no axis");
    return;
  }
  op->r = op->x;
  op->r.dims[op->x.rank - 1] = 1;
  op->w = (Shape){.dims = {op->x.dims[op->x.rank - 1]}, .rank = 1};
  op->sizes.size = (size_t)op->w.dims[0];
  op->sizes.rows = 1;
  for (size_t axis = 0; axis + 1 < op->x.rank; axis++) op->sizes.rows *= (size_t)op->x.dims[axis];
}

static void create_forward(void *op, Node *node) { create(op, node, BEST_OF(node_cpu(node), rms_norm_scalar, rms_norm_avx2, rms_norm_avx512)); }

static void create_backward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), rms_norm_backward_scalar, rms_norm_backward_avx2, rms_norm_backward_avx512));
}

static void compute_forward(const void *memory, Run *run) {
  const RmsNormOp *op = memory;
  RmsNorm a = op->sizes;
  a.x = input(run, 0);
  a.w = input(run, 1);
  a.y = output(run, 0, op->x);
  a.r = output(run, 1, op->r);
  if (!run_failed(run)) op->kernel(run_pool(run), &a, NULL);
}

static void compute_backward(const void *memory, Run *run) {
  const RmsNormOp *op = memory;
  RmsNorm a = op->sizes;
  a.x = input(run, 0);
  a.w = input(run, 1);
  a.r = (float *)input(run, 2); // read only in this direction
  a.g = input(run, 3);
  a.dx = output(run, 0, op->x);
  a.dw = output(run, 1, op->w);
  Pool *pool = run_pool(run);
  float *sums = scratch(run, pool->threads * a.size * sizeof(float));
  if (!run_failed(run)) op->kernel(pool, &a, sums);
}

const CustomOp rms_norm_op = {
    .name = "RmsNorm",
    .size = sizeof(RmsNormOp),
    .inputs = {FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32},
    .create = create_forward,
    .compute = compute_forward,
};

const CustomOp rms_norm_backward_op = {
    .name = "RmsNormBackward",
    .size = sizeof(RmsNormOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32},
    .create = create_backward,
    .compute = compute_backward,
};
