// Random sizes, both directions, each level against the equations in double precision; far gates, where the sigmoid is 0 or 1, among them.
#include "../fuzz.h"
#include "swiglu.h"

enum { CASES = 200 };
static SwigluKernel *const forwards[] = {swiglu_scalar, swiglu_avx2, swiglu_avx512};
static SwigluKernel *const backwards[] = {swiglu_backward_scalar, swiglu_backward_avx2, swiglu_backward_avx512};

static int check_element(const Swiglu *x, size_t i) {
  const double s = 1 / (1 + exp(-(double)x->a[i])), y = x->a[i] * s, g = x->g[i], b = x->b[i], scale = 1 + fabs(y);
  return fuzz_near("out", x->out[i], y * b, 1e-6, scale) && fuzz_near("da", x->da[i], g * b * (y + s * (1 - y)), 2e-6, scale) &&
         fuzz_near("db", x->db[i], g * y, 1e-6, scale);
}

static int check(Level level, Swiglu x) {
  x.out = fuzz_floats(x.size, 1), x.da = fuzz_floats(x.size, 1), x.db = fuzz_floats(x.size, 1);
  forwards[level](&fuzz_pool, &x);
  backwards[level](&fuzz_pool, &x);
  int right = 1;
  for (size_t i = 0; i < x.size && right; i++) right = check_element(&x, i);
  if (!right) printf("%s: %zu elements\n", fuzz_level_name(level), x.size);
  free(x.out), free(x.da), free(x.db);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    Swiglu x = {.size = i % 50 == 0 ? fuzz_size(16000, 40000) : fuzz_size(0, 100)};
    x.a = fuzz_floats(x.size, i % 4 == 0 ? 200 : 8), x.b = fuzz_floats(x.size, 1), x.g = fuzz_floats(x.size, 1);
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, x);
    free((float *)x.a), free((float *)x.b), free((float *)x.g);
  }
  printf("swiglu: %s\n", right ? "right" : "WRONG");
  return !right;
}
