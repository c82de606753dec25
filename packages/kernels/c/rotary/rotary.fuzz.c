// Random shapes, each level: splitting against the equation, and merging as its inverse where the angles are of length one.
#include "../fuzz.h"
#include "rotary.h"

enum { CASES = 200, POSITIONS = 9 };
static RotaryKernel *const kernels[] = {rotary_scalar, rotary_avx2, rotary_avx512};

static int check_split(const Rotary *a) {
  const size_t half = a->size / 2;
  int right = 1;
  for (size_t i = 0; i < a->batch * a->length * a->heads * half && right; i++) {
    const size_t j = i % half, h = i / half % a->heads, t = i / half / a->heads, row = (size_t)a->positions[t] * half + j;
    const float *x = a->x + rotary_by_token(a, t, h) + j, *y = a->y + rotary_by_head(a, t, h) + j;
    const double low = x[0], high = x[half], c = a->cos[row], s = a->sin[row];
    right = fuzz_near("y", y[0], low * c - high * s, 1e-6, 1) && fuzz_near("y", y[half], high * c + low * s, 1e-6, 1);
  }
  return right;
}

static int check(Level level, Rotary a) {
  const size_t count = a.batch * a.length * a.heads * a.size;
  a.y = fuzz_floats(count, 1);
  kernels[level](&fuzz_pool, &a);
  int right = check_split(&a);
  const float *x = a.x;
  Rotary back = a;
  back.merges = true, back.x = a.y, back.y = fuzz_floats(count, 1);
  kernels[level](&fuzz_pool, &back);
  for (size_t i = 0; i < count && right; i++) right = fuzz_near("back", back.y[i], x[i], 2e-6, 1);
  if (!right) printf("%s: [%zu, %zu, %zu, %zu]\n", fuzz_level_name(level), a.batch, a.length, a.heads, a.size);
  free(a.y), free(back.y);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    Rotary a = {.batch = fuzz_size(1, 3), .length = fuzz_size(1, 20), .heads = fuzz_size(1, 4), .size = 2 * fuzz_size(1, 40)};
    const size_t half = a.size / 2;
    float *angles = fuzz_floats(POSITIONS * half, 4), *cosines = fuzz_floats(POSITIONS * half, 1), *sines = fuzz_floats(POSITIONS * half, 1);
    int32_t *positions = malloc(a.batch * a.length * sizeof *positions);
    for (size_t j = 0; j < POSITIONS * half; j++) cosines[j] = cosf(angles[j]), sines[j] = sinf(angles[j]);
    for (size_t t = 0; t < a.batch * a.length; t++) positions[t] = (int32_t)fuzz_size(0, POSITIONS - 1);
    a.x = fuzz_floats(a.batch * a.length * a.heads * a.size, 1), a.cos = cosines, a.sin = sines, a.positions = positions;
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, a);
    free((float *)a.x), free(angles), free(cosines), free(sines), free(positions);
  }
  printf("rotary: %s\n", right ? "right" : "WRONG");
  return !right;
}
