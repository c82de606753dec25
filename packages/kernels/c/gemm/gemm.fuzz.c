// Random products in each form that the processor can run, against float64 sums of the same numbers.
#include "../fuzz.h"
#include "gemm.h"
#include "rounding.h"

enum { CASES = 60 };

extern const GemmForm gemm_bf16_pairs; // gemm.fuzz-avx512.c

// Small ones, and now and then one with more rows, columns or k than a block has.
static Gemm random_product(int i) {
  Gemm g = {.batch = fuzz_size(1, 4), .m = fuzz_size(1, 70), .n = fuzz_size(1, 120), .k = fuzz_size(1, 70)};
  if (i % 10 == 0) g.m = fuzz_size(190, 400), g.n = fuzz_size(1, 40), g.k = fuzz_size(400, 500);
  if (i % 10 == 1) g.k = fuzz_size(500, 1300), g.n = fuzz_size(1, 40), g.m = fuzz_size(1, 20);
  if (i % 20 == 2) g.n = fuzz_size(3000, 3300), g.m = fuzz_size(1, 9), g.batch = 1;
  g.trans_a = fuzz_size(0, 1), g.trans_b = fuzz_size(0, 1);
  if (i % 10 == 3) g.m = fuzz_size(1, 9), g.trans_a = 0, g.trans_b = 1;
  g.stride_a = fuzz_size(0, 3) > 0 ? g.m * g.k : 0;
  g.stride_b = fuzz_size(0, 3) > 0 ? g.n * g.k : 0;
  return g;
}

static float as_it_is(float x) { return x; }

// What is multiplied of a number, and how far a sum of k products of numbers below 1 may be off, by sqrt(k).
typedef struct {
  float (*factor)(float);
  double error;
} Numbers;
static const Numbers float32 = {as_it_is, 2e-6}, bf16 = {bf16_rounded, 1e-6}; // products of bfloat16 are exact

static double exact(const Gemm *g, const Numbers *numbers, size_t s, size_t i, size_t j) {
  double sum = 0;
  for (size_t l = 0; l < g->k; l++) {
    const float left = g->a[s * g->stride_a + (g->trans_a ? l * g->m + i : i * g->k + l)];
    const float right = g->b[s * g->stride_b + (g->trans_b ? j * g->k + l : l * g->n + j)];
    sum += (double)numbers->factor(left) * (double)numbers->factor(right);
  }
  return sum;
}

static int is_right(const Gemm *g, const Numbers *numbers) {
  for (size_t s = 0; s < g->batch; s++)
    for (size_t i = 0; i < g->m; i++)
      for (size_t j = 0; j < g->n; j++)
        if (!fuzz_near("product", (double)g->c[(s * g->m + i) * g->n + j], exact(g, numbers, s, i, j), numbers->error, sqrt((double)g->k))) return 0;
  return 1;
}

static int try_case(const GemmForm *form, const Numbers *numbers, int i) {
  Gemm g = random_product(i);
  float *a = fuzz_floats((g.stride_a == 0 ? 1 : g.batch) * g.m * g.k, 1), *b = fuzz_floats((g.stride_b == 0 ? 1 : g.batch) * g.n * g.k, 1);
  g.a = a, g.b = b, g.c = fuzz_floats(g.batch * g.m * g.n, 1);
  void *scratch = aligned_alloc(64, (form->scratch(&g, fuzz_pool.threads) + 63) / 64 * 64);
  form->run(&fuzz_pool, &g, scratch);
  const int right = is_right(&g, numbers);
  if (!right) printf("batch %zu, m %zu, n %zu, k %zu, strides %zu %zu, trans %d %d\n", g.batch, g.m, g.n, g.k, g.stride_a, g.stride_b, g.trans_a, g.trans_b);
  free(a), free(b), free(g.c), free(scratch);
  return right;
}

static int try_form(const char *name, const GemmForm *form, const Numbers *numbers) {
  fuzz_state = 1;
  for (int i = 0; i < CASES; i++) {
    if (try_case(form, numbers, i)) continue;
    printf("gemm, %s: case %d\n", name, i);
    return 0;
  }
  printf("gemm: %d products, %s\n", CASES, name);
  return 1;
}

int main(void) {
  if (!try_form("float32, scalar", &gemm_float32_scalar, &float32)) return 1;
  if (!try_form("bf16, scalar", &gemm_bf16_scalar, &bf16)) return 1;
#if defined(__x86_64__)
  const Cpu cpu = cpu_detect();
  if (cpu.level >= LEVEL_AVX2 && !try_form("float32, avx2", &gemm_float32_avx2, &float32)) return 1;
  if (cpu.level >= LEVEL_AVX2 && !try_form("bf16, avx2", &gemm_bf16_avx2, &bf16)) return 1;
  if (cpu.level >= LEVEL_AVX512 && !try_form("float32, avx512", &gemm_float32_avx512, &float32)) return 1;
  if (cpu.level >= LEVEL_AVX512 && !try_form("bf16, avx512", &gemm_bf16_avx512, &bf16)) return 1;
  if (cpu.level >= LEVEL_AVX512 && !try_form("bf16, pairs on avx512", &gemm_bf16_pairs, &bf16)) return 1;
  if (cpu.bf16 && !try_form("bf16, avx512-bf16", &gemm_bf16_bf16, &bf16)) return 1;
#endif
}
