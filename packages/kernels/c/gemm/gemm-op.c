// Inputs: a and b, float32. Output: c, float32.
// Attributes: bf16, whether factors are rounded; sizes, [batch, m, n, k, stride_a, stride_b]; trans_a, trans_b; shape, the output's.
#include <stdlib.h>
#include "../custom-op.h"
#include "gemm.h"

enum { SIZES = 6 };

typedef struct {
  const GemmForm *form;
  Gemm product; // without memory
  Shape shape;
} GemmOp;

static const GemmForm *float32_form(Cpu cpu) { return BEST_OF(cpu, &gemm_float32_scalar, &gemm_float32_avx2, &gemm_float32_avx512); }

static const GemmForm *bf16_form(Cpu cpu) {
#if defined(__x86_64__)
  if (cpu.bf16) return &gemm_bf16_bf16;
#endif
  return BEST_OF(cpu, &gemm_bf16_scalar, &gemm_bf16_avx2, &gemm_bf16_avx512);
}

static void create(void *memory, Node *node) {
  GemmOp *op = memory;
  int64_t *sizes = NULL;
  op->form = attribute_int(node, "bf16") != 0 ? bf16_form(node_cpu(node)) : float32_form(node_cpu(node));
  op->shape = attribute_shape(node, "shape");
  op->product.trans_a = attribute_int(node, "trans_a") != 0;
  op->product.trans_b = attribute_int(node, "trans_b") != 0;
  if (attribute_ints(node, "sizes", &sizes) != SIZES) node_fail(node, "Gemm: sizes must be [batch, m, n, k, stride_a, stride_b]");
  if (!node_failed(node)) {
    Gemm *g = &op->product;
    g->batch = (size_t)sizes[0], g->m = (size_t)sizes[1], g->n = (size_t)sizes[2], g->k = (size_t)sizes[3];
    g->stride_a = (size_t)sizes[4], g->stride_b = (size_t)sizes[5];
  }
  free(sizes);
}

static void compute(const void *memory, Run *run) {
  const GemmOp *op = memory;
  Gemm g = op->product;
  Pool *pool = run_pool(run);
  g.a = input(run, 0);
  g.b = input(run, 1);
  g.c = output(run, 0, op->shape);
  void *packed = scratch(run, op->form->scratch(&g, pool->threads));
  if (!run_failed(run)) op->form->run(pool, &g, packed);
}

const CustomOp gemm_op = {
    .name = "Gemm",
    .size = sizeof(GemmOp),
    .inputs = {FLOAT32, FLOAT32},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
