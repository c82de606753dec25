// Swiglu: inputs gate, up; output out.   SwigluBackward: inputs gate, up, the gradient of out; outputs the gradients of gate and up.
// Attribute of both: shape.
#include "../custom-op.h"
#include "swiglu.h"

typedef struct {
  SwigluKernel *kernel;
  Shape shape;
  size_t size;
} SwigluOp;

static void create(SwigluOp *op, Node *node, SwigluKernel *kernel) {
  op->kernel = kernel;
  op->shape = attribute_shape(node, "shape");
  op->size = 1;
  for (size_t axis = 0; axis < op->shape.rank; axis++) op->size *= (size_t)op->shape.dims[axis];
}

static void create_forward(void *op, Node *node) { create(op, node, BEST_OF(node_cpu(node), swiglu_scalar, swiglu_avx2, swiglu_avx512)); }

static void create_backward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), swiglu_backward_scalar, swiglu_backward_avx2, swiglu_backward_avx512));
}

static void compute_forward(const void *memory, Run *run) {
  const SwigluOp *op = memory;
  const Swiglu x = {.size = op->size, .a = input(run, 0), .b = input(run, 1), .out = output(run, 0, op->shape)};
  if (!run_failed(run)) op->kernel(run_pool(run), &x);
}

static void compute_backward(const void *memory, Run *run) {
  const SwigluOp *op = memory;
  const Swiglu x = {
      .size = op->size,
      .a = input(run, 0),
      .b = input(run, 1),
      .g = input(run, 2),
      .da = output(run, 0, op->shape),
      .db = output(run, 1, op->shape),
  };
  if (!run_failed(run)) op->kernel(run_pool(run), &x);
}

const CustomOp swiglu_op = {
    .name = "Swiglu",
    .size = sizeof(SwigluOp),
    .inputs = {FLOAT32, FLOAT32},
    .outputs = {FLOAT32},
    .create = create_forward,
    .compute = compute_forward,
};

const CustomOp swiglu_backward_op = {
    .name = "SwigluBackward",
    .size = sizeof(SwigluOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32},
    .create = create_backward,
    .compute = compute_backward,
};
