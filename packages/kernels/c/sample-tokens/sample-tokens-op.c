// Inputs: logits [m, n]; temperature, uniforms, top-p, top-k and whether nothing is filtered, each [m]. Output: scores [5, m].
// Attributes: m; n; draws, 0 where the most likely token is taken at any temperature.
#include "../custom-op.h"
#include "sample-tokens.h"

typedef struct {
  const SampleLoops *loops;
  size_t m, n;
  int draws;
} SampleTokensOp;

static void create(void *memory, Node *node) {
  SampleTokensOp *op = memory;
  op->loops = BEST_OF(node_cpu(node), &sample_scalar, &sample_avx2, &sample_avx512);
  op->m = (size_t)attribute_int(node, "m");
  op->n = (size_t)attribute_int(node, "n");
  op->draws = attribute_int(node, "draws") != 0;
}

static void compute(const void *memory, Run *run) {
  const SampleTokensOp *op = memory;
  Pool *pool = run_pool(run);
  const SampleTokens problem = {
      .m = op->m,
      .n = op->n,
      .draws = op->draws,
      .logits = input(run, 0),
      .temperature = input(run, 1),
      .uniforms = input(run, 2),
      .top_p = input(run, 3),
      .top_k = input(run, 4),
      .is_whole = input(run, 5),
      .scores = output(run, 0, (Shape){.dims = {SCORES, (int64_t)op->m}, .rank = 2}),
  };
  void *memories = scratch(run, sample_scratch_bytes(op->n, pool == NULL ? 1 : pool->threads));
  if (!run_failed(run)) sample_tokens(pool, op->loops, &problem, memories);
}

const CustomOp sample_tokens_op = {
    .name = "SampleTokens",
    .size = sizeof(SampleTokensOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32, FLOAT32, INT32, BOOL},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
