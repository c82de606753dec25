// Inputs: a and b, float32. Output: c, float32.
// Attributes: sizes, [batch, m, n, k, stride_a, stride_b]; trans_a, trans_b; shape, the output's.
#include <stdlib.h>
#include "../custom-op.h"
#include "gemm-bf16.h"

enum { SIZES = 6 };

typedef struct {
  const GemmBf16Form *form;
  GemmBf16 product; // without memory
  Shape shape;
} GemmBf16Op;

static const GemmBf16Form *form_for(Cpu cpu) {
#if defined(__x86_64__)
  if (cpu.bf16) return &gemm_bf16_bf16;
#endif
  return BEST_OF(cpu, &gemm_bf16_scalar, &gemm_bf16_avx2, &gemm_bf16_avx512);
}

static void create(void *memory, Node *node) {
  GemmBf16Op *op = memory;
  int64_t *sizes = NULL;
  op->form = form_for(node_cpu(node));
  op->shape = attribute_shape(node, "shape");
  op->product.trans_a = attribute_int(node, "trans_a") != 0;
  op->product.trans_b = attribute_int(node, "trans_b") != 0;
  if (attribute_ints(node, "sizes", &sizes) != SIZES) node_fail(node, "GemmBf16: sizes must be [batch, m, n, k, stride_a, stride_b]");
  if (!node_failed(node)) {
    GemmBf16 *g = &op->product;
    g->batch = (size_t)sizes[0], g->m = (size_t)sizes[1], g->n = (size_t)sizes[2], g->k = (size_t)sizes[3];
    g->stride_a = (size_t)sizes[4], g->stride_b = (size_t)sizes[5];
  }
  free(sizes);
}

static void compute(const void *memory, Run *run) {
  const GemmBf16Op *op = memory;
  GemmBf16 g = op->product;
  Pool *pool = run_pool(run);
  g.a = input(run, 0);
  g.b = input(run, 1);
  g.c = output(run, 0, op->shape);
  void *packed = scratch(run, op->form->scratch(&g, pool->threads));
  if (!run_failed(run)) op->form->run(pool, &g, packed);
}

const CustomOp gemm_bf16_op = {
    .name = "GemmBf16",
    .size = sizeof(GemmBf16Op),
    .inputs = {FLOAT32, FLOAT32},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
