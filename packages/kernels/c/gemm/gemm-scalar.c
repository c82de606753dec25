// The definition, by the plainest loop.
#include "gemm.h"
#include "rounding.h"

static size_t scratch(const Gemm *g, size_t threads) { return (void)g, (void)threads, 0; }

static float as_it_is(float x) { return x; }

// `factor` is what is multiplied of a number.
static inline void multiply(const Gemm *g, float factor(float)) {
  for (size_t s = 0; s < g->batch; s++) {
    const float *a = g->a + s * g->stride_a, *b = g->b + s * g->stride_b;
    float *c = g->c + s * g->m * g->n;
    for (size_t i = 0; i < g->m; i++) {
      for (size_t j = 0; j < g->n; j++) {
        float sum = 0;
        for (size_t l = 0; l < g->k; l++) {
          const float left = a[g->trans_a ? l * g->m + i : i * g->k + l], right = b[g->trans_b ? j * g->k + l : l * g->n + j];
          sum += factor(left) * factor(right);
        }
        c[i * g->n + j] = sum;
      }
    }
  }
}

static void run_float32(Pool *pool, const Gemm *g, void *memory) { (void)pool, (void)memory, multiply(g, as_it_is); }
static void run_bf16(Pool *pool, const Gemm *g, void *memory) { (void)pool, (void)memory, multiply(g, bf16_rounded); }

const GemmForm gemm_float32_scalar = {scratch, run_float32};
const GemmForm gemm_bf16_scalar = {scratch, run_bf16};
