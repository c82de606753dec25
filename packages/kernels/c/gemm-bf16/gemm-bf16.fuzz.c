// Random products in each form that the processor can run, against float64 sums of the same rounded numbers.
#include "../fuzz.h"
#include "gemm-bf16.h"
#include "rounding.h"

enum { CASES = 60 };

extern const GemmBf16Form gemm_bf16_pairs; // gemm-bf16.fuzz-avx512.c

// Small ones, and now and then one with more rows, columns or k than a block has.
static GemmBf16 random_product(int i) {
  GemmBf16 g = {.batch = fuzz_size(1, 4), .m = fuzz_size(1, 70), .n = fuzz_size(1, 120), .k = fuzz_size(1, 70)};
  if (i % 10 == 0) g.m = fuzz_size(190, 400), g.n = fuzz_size(1, 40);
  if (i % 10 == 1) g.k = fuzz_size(500, 1300), g.n = fuzz_size(1, 40), g.m = fuzz_size(1, 20);
  if (i % 20 == 2) g.n = fuzz_size(3000, 3300), g.m = fuzz_size(1, 9), g.batch = 1;
  g.trans_a = fuzz_size(0, 1), g.trans_b = fuzz_size(0, 1);
  g.stride_a = fuzz_size(0, 3) > 0 ? g.m * g.k : 0;
  g.stride_b = fuzz_size(0, 3) > 0 ? g.n * g.k : 0;
  return g;
}

static double exact(const GemmBf16 *g, size_t s, size_t i, size_t j) {
  double sum = 0;
  for (size_t l = 0; l < g->k; l++) {
    const float left = g->a[s * g->stride_a + (g->trans_a ? l * g->m + i : i * g->k + l)];
    const float right = g->b[s * g->stride_b + (g->trans_b ? j * g->k + l : l * g->n + j)];
    sum += (double)bf16_rounded(left) * (double)bf16_rounded(right);
  }
  return sum;
}

static int is_right(const GemmBf16 *g) {
  for (size_t s = 0; s < g->batch; s++)
    for (size_t i = 0; i < g->m; i++)
      for (size_t j = 0; j < g->n; j++)
        if (!fuzz_near("product", (double)g->c[(s * g->m + i) * g->n + j], exact(g, s, i, j), 1e-6, sqrt((double)g->k))) return 0;
  return 1;
}

static int try_case(const GemmBf16Form *form, int i) {
  GemmBf16 g = random_product(i);
  float *a = fuzz_floats((g.stride_a == 0 ? 1 : g.batch) * g.m * g.k, 1), *b = fuzz_floats((g.stride_b == 0 ? 1 : g.batch) * g.n * g.k, 1);
  g.a = a, g.b = b, g.c = fuzz_floats(g.batch * g.m * g.n, 1);
  void *scratch = aligned_alloc(64, (form->scratch(&g, fuzz_pool.threads) + 63) / 64 * 64);
  form->run(&fuzz_pool, &g, scratch);
  const int right = is_right(&g);
  if (!right) printf("batch %zu, m %zu, n %zu, k %zu, strides %zu %zu, trans %d %d\n", g.batch, g.m, g.n, g.k, g.stride_a, g.stride_b, g.trans_a, g.trans_b);
  free(a), free(b), free(g.c), free(scratch);
  return right;
}

static int try_form(const char *name, const GemmBf16Form *form) {
  fuzz_state = 1;
  for (int i = 0; i < CASES; i++) {
    if (try_case(form, i)) continue;
    printf("gemm-bf16, %s: case %d\n", name, i);
    return 0;
  }
  printf("gemm-bf16: %d products, %s\n", CASES, name);
  return 1;
}

int main(void) {
  if (!try_form("scalar", &gemm_bf16_scalar)) return 1;
#if defined(__x86_64__)
  const Cpu cpu = cpu_detect();
  if (cpu.level >= LEVEL_AVX2 && !try_form("avx2", &gemm_bf16_avx2)) return 1;
  if (cpu.level >= LEVEL_AVX512 && !try_form("avx512", &gemm_bf16_avx512)) return 1;
  if (cpu.level >= LEVEL_AVX512 && !try_form("pairs on avx512", &gemm_bf16_pairs)) return 1;
  if (cpu.bf16 && !try_form("bf16", &gemm_bf16_bf16)) return 1;
#endif
}
