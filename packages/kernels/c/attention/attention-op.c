// Attention: inputs q, k, v and, if there is one, bias; outputs o, softmax.
// AttentionBackward: inputs q, k, v, o, softmax, the gradient of o and, if there is one, bias; outputs the gradients of q, k, v.
// Attributes of both: q, the shape [B, H, L, S]; k, the shape [B, KV, N, S]; bias_batch, bias_query, the steps of attention.h.
#include "../custom-op.h"
#include "attention.h"

typedef struct {
  AttentionKernel *kernel;
  Shape q, k, softmax;
  Attention sizes; // without memory
} AttentionOp;

static void create(AttentionOp *op, Node *node, AttentionKernel *kernel) {
  op->kernel = kernel;
  op->q = attribute_shape(node, "q");
  op->k = attribute_shape(node, "k");
  op->sizes.bias_batch = (size_t)attribute_int(node, "bias_batch");
  op->sizes.bias_query = (size_t)attribute_int(node, "bias_query");
  if (node_failed(node)) return;
  const int64_t *q = op->q.dims, *k = op->k.dims;
  if (op->q.rank != 4 || op->k.rank != 4 || q[0] != k[0] || k[1] < 1 || q[1] % k[1] != 0 || q[3] != k[3]) {
    node_fail(node, "Attention: the shapes of q and k do not fit together");
    return;
  }
  op->softmax = (Shape){.dims = {q[0], q[1], q[2], 2}, .rank = 4};
  op->sizes.count = (size_t)(k[0] * k[1]);
  op->sizes.heads = (size_t)k[1];
  op->sizes.rows = (size_t)(q[1] / k[1] * q[2]);
  op->sizes.queries = (size_t)q[2];
  op->sizes.keys = (size_t)k[2];
  op->sizes.size = (size_t)q[3];
}

static void create_forward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), attention_scalar, attention_avx2, attention_avx512));
}

static void create_backward(void *op, Node *node) {
  create(op, node, BEST_OF(node_cpu(node), attention_backward_scalar, attention_backward_avx2, attention_backward_avx512));
}

static void compute(const AttentionOp *op, Run *run, const Attention *arguments) {
  Pool *pool = run_pool(run);
  float *memory = scratch(run, pool->threads * attention_scratch(arguments) * sizeof(float));
  if (!run_failed(run)) op->kernel(pool, arguments, memory);
}

static void compute_forward(const void *memory, Run *run) {
  const AttentionOp *op = memory;
  Attention a = op->sizes;
  a.q = input(run, 0);
  a.k = input(run, 1);
  a.v = input(run, 2);
  a.bias = input_count(run) > 3 ? input(run, 3) : NULL;
  a.o = output(run, 0, op->q);
  a.softmax = output(run, 1, op->softmax);
  compute(op, run, &a);
}

static void compute_backward(const void *memory, Run *run) {
  const AttentionOp *op = memory;
  Attention a = op->sizes;
  a.q = input(run, 0);
  a.k = input(run, 1);
  a.v = input(run, 2);
  a.o = (float *)input(run, 3); // read only in this direction, as is softmax
  a.softmax = (float *)input(run, 4);
  a.g = input(run, 5);
  a.bias = input_count(run) > 6 ? input(run, 6) : NULL;
  a.dq = output(run, 0, op->q);
  a.dk = output(run, 1, op->k);
  a.dv = output(run, 2, op->k);
  compute(op, run, &a);
}

const CustomOp attention_op = {
    .name = "Attention",
    .size = sizeof(AttentionOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32},
    .variadic_inputs = true,
    .create = create_forward,
    .compute = compute_forward,
};

const CustomOp attention_backward_op = {
    .name = "AttentionBackward",
    .size = sizeof(AttentionOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32, FLOAT32, FLOAT32},
    .variadic_inputs = true,
    .create = create_backward,
    .compute = compute_backward,
};
