// Random shapes, both directions, each level against the equations in double precision.
#include <string.h>
#include "../fuzz.h"
#include "target-log-probs.h"

enum { CASES = 60 };
static TargetLogProbsKernel *const forwards[] = {target_log_probs_scalar, target_log_probs_avx2, target_log_probs_avx512};
static TargetLogProbsKernel *const backwards[] = {
    target_log_probs_backward_scalar, target_log_probs_backward_avx2, target_log_probs_backward_avx512};

typedef struct {
  double *l, *y, *z, *dx, *dw;
} Expected;

static double *zeros(size_t count) { return calloc(count + 1, sizeof(double)); }

static void expect_row(const TargetLogProbs *a, size_t i, Expected *e) {
  const size_t size = a->size;
  double sum = 0, top = -INFINITY;
  for (size_t word = 0; word < a->words; word++) {
    e->l[word] = 0;
    for (size_t c = 0; c < size; c++) e->l[word] += (double)a->x[i * size + c] * a->w[word * size + c];
    top = fmax(top, e->l[word]);
  }
  for (size_t word = 0; word < a->words; word++) sum += exp(e->l[word] - top);
  e->z[i] = top + log(sum);
  e->y[i] = e->l[a->targets[i]] - e->z[i];
  for (size_t word = 0; word < a->words; word++) {
    const double dl = a->g[i] * (((size_t)a->targets[i] == word) - exp(e->l[word] - e->z[i]));
    for (size_t c = 0; c < size; c++) {
      e->dx[i * size + c] += dl * a->w[word * size + c];
      e->dw[word * size + c] += dl * a->x[i * size + c];
    }
  }
}

static int near_all(const char *what, const float *got, const double *expected, size_t count, double tolerance) {
  double scale = 1;
  for (size_t i = 0; i < count; i++) scale = fmax(scale, fabs(expected[i]));
  for (size_t i = 0; i < count; i++)
    if (!fuzz_near(what, got[i], expected[i], tolerance, scale)) return 0;
  return 1;
}

// Scratch memory that holds no number, of exactly the size that was asked for.
static float *scratch_of(size_t floats) {
  float *scratch = malloc(floats * sizeof *scratch);
  memset(scratch, 0xff, floats * sizeof *scratch);
  return scratch;
}

static int check(Level level, TargetLogProbs a, const Expected *e) {
  const size_t x = a.rows * a.size, w = a.words * a.size;
  float *first = scratch_of(target_log_probs_scratch(&a, fuzz_pool.threads)), *second = scratch_of(target_log_probs_backward_scratch(&a, fuzz_pool.threads));
  a.y = fuzz_floats(a.rows, 1), a.z = fuzz_floats(a.rows, 1), a.dx = fuzz_floats(x, 1), a.dw = fuzz_floats(w, 1);
  forwards[level](&fuzz_pool, &a, first);
  backwards[level](&fuzz_pool, &a, second);
  const int right = near_all("y", a.y, e->y, a.rows, 2e-6) && near_all("z", a.z, e->z, a.rows, 2e-6) && near_all("dx", a.dx, e->dx, x, 2e-5) &&
                    near_all("dw", a.dw, e->dw, w, 2e-5);
  if (!right) printf("%s: %zu rows of %zu, %zu words\n", fuzz_level_name(level), a.rows, a.size, a.words);
  free(first), free(second), free(a.y), free(a.z), free(a.dx), free(a.dw);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    TargetLogProbs a = {.rows = fuzz_size(1, 30), .words = fuzz_size(1, 60), .size = fuzz_size(1, 50)};
    if (i % 3 == 0) a.rows = fuzz_size(90, 110); // more than one block of rows
    if (i % 5 == 0) a.words = fuzz_size(180, 420); // and of words
    if (i % 15 == 7) a.size = fuzz_size(500, 530); // and of depth
    int32_t *targets = malloc(a.rows * sizeof *targets);
    for (size_t j = 0; j < a.rows; j++) targets[j] = (int32_t)fuzz_size(0, a.words - 1);
    a.targets = targets, a.x = fuzz_floats(a.rows * a.size, 1), a.w = fuzz_floats(a.words * a.size, 1), a.g = fuzz_floats(a.rows, 1);
    Expected e = {zeros(a.words), zeros(a.rows), zeros(a.rows), zeros(a.rows * a.size), zeros(a.words * a.size)};
    for (size_t row = 0; row < a.rows; row++) expect_row(&a, row, &e);
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, a, &e);
    free(targets), free((float *)a.x), free((float *)a.w), free((float *)a.g);
    free(e.l), free(e.y), free(e.z), free(e.dx), free(e.dw);
  }
  printf("target-log-probs: %s\n", right ? "right" : "WRONG");
  return !right;
}
