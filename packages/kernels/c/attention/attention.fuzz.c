// Random shapes and biases, both directions, each level against the equations in double precision.
#include <string.h>
#include "../fuzz.h"
#include "attention.h"

enum { CASES = 48 };
static AttentionKernel *const forwards[] = {attention_scalar, attention_avx2, attention_avx512};
static AttentionKernel *const backwards[] = {attention_backward_scalar, attention_backward_avx2, attention_backward_avx512};

typedef struct {
  double *p, *o, *softmax, *dq, *dk, *dv;
} Expected;

static double *zeros(size_t count) { return calloc(count + 1, sizeof(double)); }

static Attention random_case(size_t i) {
  Attention a = {.heads = fuzz_size(1, 3), .queries = fuzz_size(1, 20), .keys = fuzz_size(1, 40), .size = fuzz_size(1, 34)};
  if (i % 4 == 0) a.keys = fuzz_size(120, 150); // more than one block of keys
  if (i % 8 == 0) a.queries = fuzz_size(97, 105);
  a.rows = a.queries * fuzz_size(1, 3);
  const size_t batch = fuzz_size(1, 2);
  a.count = batch * a.heads;
  const float scale = i % 5 == 0 ? 3 : 1; // scores up to 50, whose rounding is an error of 5e-6 in the probabilities
  a.q = fuzz_floats(a.count * a.rows * a.size, scale);
  a.k = fuzz_floats(a.count * a.keys * a.size, scale);
  a.v = fuzz_floats(a.count * a.keys * a.size, 1);
  a.g = fuzz_floats(a.count * a.rows * a.size, 1);
  if (i % 3 == 0) return a;
  a.bias_query = fuzz_bits() % 2 ? a.keys : 0;
  a.bias_batch = fuzz_bits() % 2 ? (a.bias_query ? a.queries : 1) * a.keys : 0;
  const size_t elements = (a.bias_batch ? batch : 1) * (a.bias_query ? a.queries : 1) * a.keys;
  float *bias = fuzz_floats(elements, 2);
  for (size_t j = 0; j < elements; j++)
    if (fuzz_bits() % 3 == 0) bias[j] = -1e9f; // hidden, sometimes a whole row
  a.bias = bias;
  return a;
}

static double bias_at(const Attention *a, size_t pair, size_t row, size_t key) {
  return a->bias ? a->bias[pair / a->heads * a->bias_batch + row % a->queries * a->bias_query + key] : 0;
}

static void expect_row(const Attention *a, size_t pair, size_t row, Expected *e) {
  const size_t size = a->size, at = (pair * a->rows + row) * size, from = pair * a->keys * size;
  double top = -INFINITY, sum = 0, along = 0, *p = e->p;
  for (size_t j = 0; j < a->keys; j++) {
    double s = 0;
    for (size_t c = 0; c < size; c++) s += (double)a->q[at + c] * a->k[from + j * size + c];
    // A hidden score is one float: what is left of s beside 1e9 depends on its precision.
    p[j] = bias_at(a, pair, row, j) == -1e9 ? (double)((float)s - 1e9f) : s + bias_at(a, pair, row, j);
    top = fmax(top, p[j]);
  }
  for (size_t j = 0; j < a->keys; j++) sum += p[j] = exp(p[j] - top);
  e->softmax[2 * (pair * a->rows + row)] = top;
  e->softmax[2 * (pair * a->rows + row) + 1] = 1 / sum;
  for (size_t j = 0; j < a->keys; j++) {
    p[j] /= sum;
    for (size_t c = 0; c < size; c++) e->o[at + c] += p[j] * a->v[from + j * size + c];
  }
  for (size_t c = 0; c < size; c++) along += a->g[at + c] * e->o[at + c];
  for (size_t j = 0; j < a->keys; j++) {
    double dp = 0;
    for (size_t c = 0; c < size; c++) dp += (double)a->g[at + c] * a->v[from + j * size + c];
    for (size_t c = 0; c < size; c++) {
      e->dv[from + j * size + c] += p[j] * a->g[at + c];
      e->dq[at + c] += p[j] * (dp - along) * a->k[from + j * size + c];
      e->dk[from + j * size + c] += p[j] * (dp - along) * a->q[at + c];
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

static int check(Level level, Attention a, const Expected *e) {
  const size_t q = a.count * a.rows * a.size, k = a.count * a.keys * a.size;
  float *scratch = malloc(fuzz_pool.threads * attention_scratch(&a) * sizeof(float));
  memset(scratch, 0xff, fuzz_pool.threads * attention_scratch(&a) * sizeof(float)); // not a number
  a.o = fuzz_floats(q, 1), a.softmax = fuzz_floats(2 * a.count * a.rows, 1);
  a.dq = fuzz_floats(q, 1), a.dk = fuzz_floats(k, 1), a.dv = fuzz_floats(k, 1);
  forwards[level](&fuzz_pool, &a, scratch);
  backwards[level](&fuzz_pool, &a, scratch);
  int right = near_all("o", a.o, e->o, q, 2e-5) && near_all("softmax", a.softmax, e->softmax, 2 * a.count * a.rows, 1e-5) && near_all("dq", a.dq, e->dq, q, 1e-4) &&
              near_all("dk", a.dk, e->dk, k, 1e-4) && near_all("dv", a.dv, e->dv, k, 1e-4);
  if (!right) printf("%s: %zu pairs, %zu rows, %zu keys, size %zu, bias %d\n", fuzz_level_name(level), a.count, a.rows, a.keys, a.size, a.bias != NULL);
  free(scratch), free(a.o), free(a.softmax), free(a.dq), free(a.dk), free(a.dv);
  return right;
}

int main(void) {
  int right = 1;
  for (size_t i = 0; i < CASES && right; i++) {
    Attention a = random_case(i);
    const size_t q = a.count * a.rows * a.size, k = a.count * a.keys * a.size;
    Expected e = {zeros(a.keys), zeros(q), zeros(2 * a.count * a.rows), zeros(q), zeros(k), zeros(k)};
    for (size_t row = 0; row < a.count * a.rows; row++) expect_row(&a, row / a.rows, row % a.rows, &e);
    for (Level level = LEVEL_SCALAR; level <= fuzz_last_level() && right; level++) right = check(level, a, &e);
    free((float *)a.q), free((float *)a.k), free((float *)a.v), free((float *)a.g), free((float *)a.bias);
    free(e.p), free(e.o), free(e.softmax), free(e.dq), free(e.dk), free(e.dv);
  }
  printf("attention: %s\n", right ? "right" : "WRONG");
  return !right;
}
