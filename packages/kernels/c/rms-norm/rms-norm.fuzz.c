// Random shapes, both directions, each level against the equations in double precision.
#include "../fuzz.h"
#include "rms-norm.h"

enum { CASES = 200 };
static RmsNormKernel *const forwards[] = {rms_norm_scalar, rms_norm_avx2, rms_norm_avx512};
static RmsNormKernel *const backwards[] = {rms_norm_backward_scalar, rms_norm_backward_avx2, rms_norm_backward_avx512};

static int check_row(const RmsNorm *a, size_t i, double *dw) {
  const float *x = a->x + i * a->size, *g = a->g + i * a->size;
  double squares = 0, along = 0;
  for (size_t c = 0; c < a->size; c++) squares += (double)x[c] * x[c];
  const double r = 1 / sqrt(squares / (double)a->size + a->eps);
  int right = fuzz_near("r", a->r[i], r, 1e-5, r);
  for (size_t c = 0; c < a->size; c++) along += g[c] * a->w[c] * x[c] * r / (double)a->size;
  for (size_t c = 0; c < a->size && right; c++) {
    dw[c] += g[c] * x[c] * r;
    right = fuzz_near("y", a->y[i * a->size + c], a->w[c] * x[c] * r, 1e-5, 4) &&
            fuzz_near("dx", a->dx[i * a->size + c], r * (g[c] * a->w[c] - x[c] * r * along), 1e-5, 4 * (1 + r));
  }
  return right;
}

static int check(Level level, RmsNorm a) {
  const size_t count = a.rows * a.size;
  float *sums = fuzz_floats(fuzz_pool.threads * a.size, 1);
  double *dw = calloc(a.size + 1, sizeof *dw);
  a.y = fuzz_floats(count, 1), a.r = fuzz_floats(a.rows, 1), a.dx = fuzz_floats(count, 1), a.dw = fuzz_floats(a.size, 1);
  forwards[level](&fuzz_pool, &a, NULL);
  backwards[level](&fuzz_pool, &a, sums);
  int right = 1;
  for (size_t i = 0; i < a.rows && right; i++) right = check_row(&a, i, dw);
  for (size_t c = 0; c < a.size && right; c++) right = fuzz_near("dw", a.dw[c], dw[c], 1e-5, 4 * (double)a.rows);
  if (!right) printf("%s: %zu rows of %zu\n", fuzz_level_name(level), a.rows, a.size);
  free(sums), free(dw), free(a.y), free(a.r), free(a.dx), free(a.dw);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    RmsNorm a = {.rows = fuzz_size(0, 40), .size = fuzz_size(1, 90), .eps = 1e-6f};
    a.x = fuzz_floats(a.rows * a.size, 2), a.g = fuzz_floats(a.rows * a.size, 1), a.w = fuzz_floats(a.size, 1);
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, a);
    free((float *)a.x), free((float *)a.g), free((float *)a.w);
  }
  printf("rms-norm: %s\n", right ? "right" : "WRONG");
  return !right;
}
