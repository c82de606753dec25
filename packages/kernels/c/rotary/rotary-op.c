// Rotary: inputs x, cosines, sines, positions; output y.
// Attributes: tokens, the shape [B, L, H, S] of x, or of y if merges is 1.
#include "../custom-op.h"
#include "rotary.h"

typedef struct {
  RotaryKernel *kernel;
  Shape y;
  Rotary sizes; // without memory
} RotaryOp;

static void create(void *memory, Node *node) {
  RotaryOp *op = memory;
  op->kernel = BEST_OF(node_cpu(node), rotary_scalar, rotary_avx2, rotary_avx512);
  op->y = attribute_shape(node, "tokens");
  op->sizes.merges = attribute_int(node, "merges") != 0;
  if (node_failed(node)) return;
  int64_t *dims = op->y.dims;
  if (op->y.rank != 4 || dims[3] % 2 != 0) {
    node_fail(node, "Rotary: tokens is not [B, L, H, S] with an even S");
    return;
  }
  op->sizes.batch = (size_t)dims[0];
  op->sizes.length = (size_t)dims[1];
  op->sizes.heads = (size_t)dims[2];
  op->sizes.size = (size_t)dims[3];
  if (op->sizes.merges) return;
  const int64_t length = dims[1];
  dims[1] = dims[2];
  dims[2] = length;
}

static void compute(const void *memory, Run *run) {
  const RotaryOp *op = memory;
  Rotary a = op->sizes;
  a.x = input(run, 0);
  a.cos = input(run, 1);
  a.sin = input(run, 2);
  a.positions = input(run, 3);
  a.y = output(run, 0, op->y);
  if (!run_failed(run)) op->kernel(run_pool(run), &a);
}

const CustomOp rotary_op = {
    .name = "Rotary",
    .size = sizeof(RotaryOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32, INT32},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
