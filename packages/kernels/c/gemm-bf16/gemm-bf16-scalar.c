// The definition, by the plainest loop.
#include "gemm-bf16.h"
#include "rounding.h"

static size_t scratch(const GemmBf16 *g, size_t threads) { return (void)g, (void)threads, 0; }

static void run(Pool *pool, const GemmBf16 *g, void *memory) {
  (void)pool, (void)memory;
  for (size_t s = 0; s < g->batch; s++) {
    const float *a = g->a + s * g->stride_a, *b = g->b + s * g->stride_b;
    float *c = g->c + s * g->m * g->n;
    for (size_t i = 0; i < g->m; i++) {
      for (size_t j = 0; j < g->n; j++) {
        float sum = 0;
        for (size_t l = 0; l < g->k; l++) {
          const float left = a[g->trans_a ? l * g->m + i : i * g->k + l], right = b[g->trans_b ? j * g->k + l : l * g->n + j];
          sum += bf16_rounded(left) * bf16_rounded(right);
        }
        c[i * g->n + j] = sum;
      }
    }
  }
}

const GemmBf16Form gemm_bf16_scalar = {scratch, run};
