// TargetLogProbs: inputs x, w, targets; outputs y, z.
// TargetLogProbsBackward: inputs x, w, targets, z, the gradient of y; outputs the gradients of x and w.
// Attributes of both: rows, words, size.
#include "../custom-op.h"
#include "target-log-probs.h"

typedef struct {
  TargetLogProbsKernel *kernel;
  TargetLogProbs sizes; // without memory
} TargetLogProbsOp;

static void create(TargetLogProbsOp *op, Node *node, TargetLogProbsKernel *kernel) {
  op->kernel = kernel;
  op->sizes.rows = (size_t)attribute_int(node, "rows");
  op->sizes.words = (size_t)attribute_int(node, "words");
  op->sizes.size = (size_t)attribute_int(node, "size");
}

static void create_forward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), target_log_probs_scalar, target_log_probs_avx2, target_log_probs_avx512));
}

static void create_backward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), target_log_probs_backward_scalar, target_log_probs_backward_avx2, target_log_probs_backward_avx512));
}

static Shape list_of(size_t count) { return (Shape){.dims = {(int64_t)count}, .rank = 1}; }
static Shape matrix_of(size_t rows, size_t columns) { return (Shape){.dims = {(int64_t)rows, (int64_t)columns}, .rank = 2}; }

// A target outside the vocabulary would be written past its row.
static bool are_words(const TargetLogProbs *a) {
  for (size_t i = 0; i < a->rows; i++)
    if (a->targets[i] < 0 || (size_t)a->targets[i] >= a->words) return false;
  return true;
}

static void compute(const TargetLogProbsOp *op, Run *run, const TargetLogProbs *a, size_t floats) {
  float *memory = scratch(run, floats * sizeof(float));
  if (run_failed(run)) return;
  if (are_words(a)) op->kernel(run_pool(run), a, memory);
  else run_fail(run, "selectLogProbs: a target is not a word of the vocabulary");
}

static void compute_forward(const void *memory, Run *run) {
  const TargetLogProbsOp *op = memory;
  TargetLogProbs a = op->sizes;
  a.x = input(run, 0);
  a.w = input(run, 1);
  a.targets = input(run, 2);
  a.y = output(run, 0, list_of(a.rows));
  a.z = output(run, 1, list_of(a.rows));
  compute(op, run, &a, target_log_probs_scratch(&a, run_pool(run)->threads));
}

static void compute_backward(const void *memory, Run *run) {
  const TargetLogProbsOp *op = memory;
  TargetLogProbs a = op->sizes;
  a.x = input(run, 0);
  a.w = input(run, 1);
  a.targets = input(run, 2);
  a.z = (float *)input(run, 3); // read only in this direction
  a.g = input(run, 4);
  a.dx = output(run, 0, matrix_of(a.rows, a.size));
  a.dw = output(run, 1, matrix_of(a.words, a.size));
  compute(op, run, &a, target_log_probs_backward_scratch(&a, run_pool(run)->threads));
}

const CustomOp target_log_probs_op = {
    .name = "TargetLogProbs",
    .size = sizeof(TargetLogProbsOp),
    .inputs = {FLOAT32, FLOAT32, INT32},
    .outputs = {FLOAT32, FLOAT32},
    .create = create_forward,
    .compute = compute_forward,
};

const CustomOp target_log_probs_backward_op = {
    .name = "TargetLogProbsBackward",
    .size = sizeof(TargetLogProbsOp),
    .inputs = {FLOAT32, FLOAT32, INT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32},
    .create = create_backward,
    .compute = compute_backward,
};
