// Random shapes and indices, repeated ones and some outside the table, each level against sums in double precision.
#include "../fuzz.h"
#include "add-rows.h"

enum { CASES = 200 };
static AddRowsKernel *const kernels[] = {add_rows_scalar, add_rows_avx2, add_rows_avx512};

static int check(Level level, AddRows a, const double *expected) {
  a.table = fuzz_floats(a.rows * a.width, 1);
  kernels[level](&fuzz_pool, &a);
  int right = 1;
  for (size_t i = 0; i < a.rows * a.width && right; i++) right = fuzz_near("table", a.table[i], expected[i], 1e-6, (double)a.count + 1);
  if (!right) printf("%s: %zu rows to [%zu, %zu]\n", fuzz_level_name(level), a.count, a.rows, a.width);
  free(a.table);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    AddRows a = {.count = fuzz_size(0, 60), .rows = fuzz_size(1, 30), .width = fuzz_size(1, 200)};
    int32_t *indices = malloc((a.count + 1) * sizeof *indices);
    for (size_t j = 0; j < a.count; j++) indices[j] = (int32_t)fuzz_size(0, a.rows + 1) - 1;
    a.indices = indices, a.g = fuzz_floats(a.count * a.width, 1);
    double *expected = calloc(a.rows * a.width, sizeof *expected);
    for (size_t j = 0; j < a.count; j++)
      for (size_t c = 0; c < a.width && indices[j] >= 0 && (size_t)indices[j] < a.rows; c++)
        expected[(size_t)indices[j] * a.width + c] += a.g[j * a.width + c];
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, a, expected);
    free(indices), free((float *)a.g), free(expected);
  }
  printf("add-rows: %s\n", right ? "right" : "WRONG");
  return !right;
}
