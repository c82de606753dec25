// Inputs: x [m, k]; codes and scales in panels. Output: [m, n]. Attributes: bits, 8 or 4; m; n; k.
#include "../custom-op.h"
#include "quantized-linear.h"

typedef struct {
  const QuantizedLevel *level;
  QuantizedLinear problem; // sizes; no memory
} QuantizedLinearOp;

static const QuantizedLevel *level_of(Cpu cpu) {
#if defined(__x86_64__)
  if (cpu.vnni) return &quantized_vnni;
#endif
  return BEST_OF(cpu, &quantized_scalar, &quantized_avx2, &quantized_avx512);
}

static void create(void *memory, Node *node) {
  QuantizedLinearOp *op = memory;
  op->level = level_of(node_cpu(node));
  op->problem = (QuantizedLinear){
      .bits = (int)attribute_int(node, "bits"),
      .m = (size_t)attribute_int(node, "m"),
      .n = (size_t)attribute_int(node, "n"),
      .k = (size_t)attribute_int(node, "k"),
  };
}

static void compute(const void *memory, Run *run) {
  const QuantizedLinearOp *op = memory;
  QuantizedLinear p = op->problem;
  Pool *pool = run_pool(run);
  p.x = input(run, 0);
  p.codes = input(run, 1);
  p.scales = input(run, 2);
  p.y = output(run, 0, (Shape){.dims = {(int64_t)p.m, (int64_t)p.n}, .rank = 2});
  void *rows = scratch(run, quantized_scratch_bytes(op->level, &p, pool == NULL ? 1 : pool->threads));
  if (!run_failed(run)) quantized_linear(pool, op->level, &p, rows);
}

const CustomOp quantized_linear_op = {
    .name = "QuantizedLinear",
    .size = sizeof(QuantizedLinearOp),
    .inputs = {FLOAT32, UINT8, FLOAT32},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
