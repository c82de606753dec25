// Random rows, with many equal logits, against a sorted row in double precision. A token or a filter's end that rounding could move is
// not looked at.
#include <string.h>
#include "../fuzz.h"
#include "sample-tokens.h"

enum { CASES = 400, MOST_WORDS = 3000 };
#define CLOSE 1e-5

typedef struct {
  double s, e;
  size_t index;
} Word;

typedef struct {
  double token, probability, margin, low, entropy;
  int isClose; // to where it would be another
} Expected;

static int by_size(const void *a, const void *b) {
  const Word *x = a, *y = b;
  return x->s != y->s ? (x->s < y->s ? 1 : -1) : x->index < y->index ? -1 : 1;
}

static void fill_row(float *x, size_t n) {
  const float spread = (float[]){0, 1e-3f, 1, 8, 40, 1000}[fuzz_bits() % 6], grain = fuzz_bits() & 1 ? 0.25f : 0;
  for (size_t i = 0; i < n; i++) {
    x[i] = spread * fuzz_float();
    if (grain > 0) x[i] = grain * (float)(int)(x[i] / grain);
    if (fuzz_bits() % 16 == 0) x[i] = -1e30f;
  }
  x[fuzz_size(0, n - 1)] = spread;
}

static Expected expected_row(const SampleTokens *p, size_t i) {
  static Word words[MOST_WORDS], inOrder[MOST_WORDS];
  const float *x = p->logits + i * p->n, t = p->temperature[i] > 0 ? p->temperature[i] : 1;
  float largest = x[0];
  double total = 0, plain = 0, moment = 0, before = 0;
  for (size_t v = 0; v < p->n; v++) largest = fmaxf(largest, x[v]);
  for (size_t v = 0; v < p->n; v++) {
    const double s = fmaxf((x[v] - largest) / t, -1e30f);
    inOrder[v] = words[v] = (Word){s, exp(s), v};
    total += exp(s);
    plain += exp((double)x[v] - largest);
  }
  qsort(words, p->n, sizeof *words, by_size);
  size_t kept = 0;
  Expected out = {0};
  const double smallest = p->is_whole[i] || (size_t)p->top_k[i] >= p->n ? -INFINITY : words[p->top_k[i] - 1].s;
  for (; kept < p->n; kept++) {
    if (p->is_whole[i] || words[kept].s < smallest) {
      if (!p->is_whole[i]) break;
    } else if (p->top_p[i] < 1) {
      out.isClose |= fabs(before / total - p->top_p[i]) < CLOSE && words[kept].e / total > 1e-9;
      if (before / total > p->top_p[i]) break;
    }
    before += words[kept].e;
    moment += words[kept].e * words[kept].s;
  }
  const Word *order = p->is_whole[i] ? inOrder : words;
  const double bound = p->uniforms[i] * before;
  double sum = 0;
  Word drawn = words[0];
  for (size_t v = 0; v < kept && p->temperature[i] > 0; v++) {
    sum += order[v].e;
    drawn = order[v];
    out.isClose |= fabs(sum - bound) < CLOSE * before;
    if (sum > bound) break;
  }
  out.token = (double)drawn.index;
  out.probability = drawn.e / before;
  out.margin = (words[0].e - (kept > 1 ? words[1].e : 0)) / before;
  out.low = exp((double)x[drawn.index] - largest) / plain;
  out.entropy = log(before) - moment / before;
  return out;
}

static int try_case(const SampleLoops *loops, size_t *looked) {
  const size_t m = fuzz_size(1, 5), n = fuzz_bits() % 4 == 0 ? fuzz_size(1, 40) : fuzz_size(1, MOST_WORDS);
  float *logits = malloc(m * n * sizeof(float)), *temperature = fuzz_floats(m, 1), *uniforms = fuzz_floats(m, 1), *top_p = fuzz_floats(m, 1);
  float *scores = malloc(SCORES * m * sizeof(float));
  int32_t *top_k = malloc(m * sizeof *top_k);
  uint8_t *is_whole = malloc(m);
  for (size_t i = 0; i < m; i++) {
    fill_row(logits + i * n, n);
    temperature[i] = (float[]){0, 1, 0.3f, 2, 1e6f}[fuzz_bits() % 5];
    uniforms[i] = fabsf(uniforms[i]) * 0.999f;
    top_p[i] = fuzz_bits() % 3 == 0 ? 1 : fmaxf(1e-3f, fabsf(top_p[i]));
    top_k[i] = (int32_t)(fuzz_bits() % 3 == 0 ? n : fuzz_size(1, n));
    is_whole[i] = fuzz_bits() % 3 == 0;
  }
  const SampleTokens problem = {m, n, 1, logits, temperature, uniforms, top_p, top_k, is_whole, scores};
  void *scratch = aligned_alloc(64, sample_scratch_bytes(n, fuzz_pool.threads));
  sample_tokens(&fuzz_pool, loops, &problem, scratch);
  int isRight = 1;
  for (size_t i = 0; i < m && isRight; i++) {
    const Expected want = expected_row(&problem, i);
    if (want.isClose) continue;
    (*looked)++;
    isRight = fuzz_near("token", scores[i], want.token, 0, 1) && fuzz_near("probability", scores[m + i], want.probability, 3e-6, 1) &&
              fuzz_near("margin", scores[2 * m + i], want.margin, 3e-6, 1) && fuzz_near("low confidence", scores[3 * m + i], want.low, 3e-6, 1) &&
              fuzz_near("entropy", scores[4 * m + i], want.entropy, 1e-5, 1 + want.entropy);
    if (!isRight)
      printf("row %zu of %zu words, temperature %g, uniform %g, top-p %g, top-k %d, whole %d\n", i, n, temperature[i], uniforms[i], top_p[i], top_k[i], is_whole[i]);
  }
  free(logits), free(temperature), free(uniforms), free(top_p), free(scores), free(top_k), free(is_whole), free(scratch);
  return isRight;
}

int main(void) {
  const Cpu cpu = cpu_detect();
  for (Level level = LEVEL_SCALAR; level <= fuzz_last_level(); level++) {
    const SampleLoops *loops = BEST_OF(cpu_at_most(cpu, level), &sample_scalar, &sample_avx2, &sample_avx512);
    size_t looked = 0;
    for (int i = 0; i < CASES; i++) {
      if (try_case(loops, &looked)) continue;
      printf("sample-tokens, %s: case %d\n", fuzz_level_name(level), i);
      return 1;
    }
    if (looked > CASES) continue;
    printf("sample-tokens, %s: only %zu rows could be looked at\n", fuzz_level_name(level), looked);
    return 1;
  }
  printf("sample-tokens: %d cases on each level up to %s\n", CASES, fuzz_level_name(fuzz_last_level()));
}
