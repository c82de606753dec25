#include "sample-tokens.h"
#include "../float-math.h"

enum { FEW = 32, ALIGNED = 64 };
#define FAR (-24.0f)              // what is further down weighs next to nothing, together too
#define LARGEST_UNIFORM 0.99999976f // 1 - 2^-22: its product with a number is below the number

// The word with which a sum over words in order passes a bound.
typedef struct {
  float s;
  size_t index;
  double through; // the sum with this word
} Place;

typedef struct {
  const SampleLoops *loops;
  Words all, few; // of the row, and of the part that is looked at
  double total;   // of all
  size_t first;   // the most likely word
} Row;

// The words that may be drawn: all above s, and of those at s the first that make up the total of e.
typedef struct {
  float s;
  double total;
} Kept;

static void cut(float low, float high, float cuts[CUTS]) {
  for (int c = 0; c < CUTS; c++) cuts[c] = high - (high - low) * (float)c / (CUTS - 1);
  cuts[CUTS - 1] = low;
}

// Falling, equal ones in their order.
static void sort_few(Words w) {
  for (size_t i = 1; i < w.count; i++) {
    const float s = w.s[i], e = w.e[i];
    const int32_t index = w.index[i];
    size_t at = i;
    for (; at > 0 && w.s[at - 1] < s; at--) w.s[at] = w.s[at - 1], w.e[at] = w.e[at - 1], w.index[at] = w.index[at - 1];
    w.s[at] = s, w.e[at] = e, w.index[at] = index;
  }
}

// The words of one of the parts that the cuts make, or of the next one above that has any; returns the sum of those above it.
static double choose_part(Row *row, Words from, const float cuts[CUTS], const double sums[CUTS], size_t part) {
  for (;; part--) {
    row->few.count = row->loops->between(from, part == CUTS ? -INFINITY : cuts[part], part == 0 ? INFINITY : cuts[part - 1], row->few);
    if (row->few.count > 0 || part == 0) return part == 0 ? 0 : sums[part - 1];
  }
}

// Leaves the few words among which the sum passes the bound, or equal ones; returns the sum of those above them.
static double narrow(Row *row, int isCount, double bound) {
  Words from = row->all;
  float low = from.count > FEW ? FAR : 0, high = 0;
  double above = 0;
  if (from.count <= FEW) row->few.count = row->loops->between(from, -INFINITY, INFINITY, row->few);
  while (from.count > FEW && low < high) {
    float cuts[CUTS];
    double sums[CUTS];
    size_t part = 0;
    cut(low, high, cuts);
    row->loops->sums_from(from.s, isCount ? NULL : from.e, from.count, cuts, sums);
    while (part < CUTS && !(above + sums[part] > bound)) part++; // CUTS: below the last cut
    above += choose_part(row, from, cuts, sums, part);
    from = row->few;
    high = row->loops->largest(from.s, from.count);
    low = high;
    for (size_t i = 0; i < from.count; i++) low = from.s[i] < low ? from.s[i] : low;
  }
  return above;
}

// The first word with which the sum, of e or of ones, is more than the bound; by rounding the last of those that are left.
static Place locate(Row *row, int isCount, double bound) {
  Place place = {.through = narrow(row, isCount, bound)};
  const Words w = row->few;
  if (w.count <= FEW) sort_few(w); // else they are equal
  for (size_t i = 0; i < w.count; i++) {
    place = (Place){w.s[i], (size_t)w.index[i], place.through + (isCount ? 1 : w.e[i])};
    if (place.through > bound) break;
  }
  return place;
}

// The k most likely words, and those equal to the k-th.
static Kept kept_by_count(Row *row, size_t k) {
  const float s = locate(row, 1, (double)k - 1).s;
  float cuts[CUTS];
  double sums[CUTS];
  cut(s, s, cuts);
  row->loops->sums_from(row->all.s, row->all.e, row->all.count, cuts, sums);
  return (Kept){s, sums[0]};
}

static Kept kept_words(Row *row, float top_p, int32_t top_k) {
  Kept kept = {-INFINITY, row->total};
  if (top_p < 1) {
    const Place last = locate(row, 0, top_p * row->total);
    kept = (Kept){last.s, last.through};
  }
  if ((size_t)top_k >= row->all.count) return kept;
  const Kept most = kept_by_count(row, top_k < 1 ? 1 : (size_t)top_k);
  return most.s > kept.s ? most : kept;
}

// The first in the order of the index with which the sum is more than the bound.
static size_t draw_in_order(const Row *row, double bound) {
  const Words w = row->all;
  double sum = 0;
  size_t last = row->first;
  for (size_t start = 0; start < w.count; start += STRETCH) {
    const size_t stretch = w.count - start < STRETCH ? w.count - start : STRETCH;
    const double with = sum + row->loops->sum(w.e + start, stretch);
    if (!(with > bound)) {
      sum = with;
      continue;
    }
    for (size_t i = start; i < start + stretch; i++) {
      sum += w.e[i];
      if (w.e[i] > 0) last = i;
      if (sum > bound) return i;
    }
    return last; // by rounding
  }
  return last;
}

static double total_of(const Row *row) {
  double total = 0;
  for (size_t start = 0; start < row->all.count; start += STRETCH) {
    const size_t left = row->all.count - start;
    total += row->loops->sum(row->all.e + start, left < STRETCH ? left : STRETCH);
  }
  return total;
}

// exp of the second largest s.
static float second_of(const Row *row) {
  const Words w = row->all;
  const float before = row->loops->largest(w.s, row->first), behind = row->loops->largest(w.s + row->first + 1, w.count - row->first - 1);
  return float_exp(before > behind ? before : behind);
}

static double natural_log(double x) {
  const float near = (float)x;
  return (double)float_log(near) + (x - near) / x;
}

static double entropy_of(const Row *row, Kept kept) {
  const Sums above = row->loops->sums_above(row->all.s, row->all.e, row->all.count, kept.s);
  const double at = kept.s > -INFINITY ? (kept.total - above.e) * kept.s : 0;
  return natural_log(kept.total) - (above.es + at) / kept.total;
}

static void sample_row(const SampleTokens *p, size_t i, Row *row) {
  const float *x = p->logits + i * p->n, temperature = p->temperature[i] > 0 ? p->temperature[i] : 1;
  const int isDrawn = p->draws && p->temperature[i] > 0;
  const double u = p->uniforms[i] < LARGEST_UNIFORM ? p->uniforms[i] : LARGEST_UNIFORM;
  const float largest = row->loops->largest(x, p->n);
  row->loops->scale(x, p->n, largest, temperature, row->all);
  row->total = total_of(row);
  const size_t first = row->loops->find(x, p->n, largest);
  row->first = first < p->n ? first : 0; // none is equal where all are NaN
  const Kept kept = p->is_whole[i] ? (Kept){-INFINITY, row->total} : kept_words(row, p->top_p[i], p->top_k[i]);
  size_t token = row->first;
  if (isDrawn) token = p->is_whole[i] ? draw_in_order(row, u * kept.total) : locate(row, 0, u * kept.total).index;
  const int isOne = kept.s == 0 && kept.total < 1.5; // words at 0 have the weight 1
  const double plain = temperature == 1 ? row->total : row->loops->sum_exp(x, p->n, largest);
  float *scores = p->scores + i;
  scores[0] = (float)token;
  scores[p->m] = (float)(row->all.e[token] / kept.total);
  scores[2 * p->m] = (float)((1 - (isOne ? 0 : second_of(row))) / kept.total);
  scores[3 * p->m] = (float)(float_exp(x[token] - largest) / plain);
  scores[4 * p->m] = (float)entropy_of(row, kept);
}

typedef struct {
  const SampleLoops *loops;
  const SampleTokens *problem;
  uint8_t *scratch;
  size_t tasks;
} Work;

static size_t array_bytes(size_t n) { return (n * sizeof(float) + ALIGNED - 1) / ALIGNED * ALIGNED; }

enum { ARRAYS = 5 };

static void sample_task(void *data, size_t task) {
  const Work *w = data;
  const size_t n = w->problem->n, bytes = array_bytes(n);
  uint8_t *at = w->scratch + task * ARRAYS * bytes;
  Row row = {.loops = w->loops, .all = {(float *)at, (float *)(at + bytes), NULL, n}};
  row.few = (Words){(float *)(at + 2 * bytes), (float *)(at + 3 * bytes), (int32_t *)(at + 4 * bytes), 0};
  for (size_t i = task; i < w->problem->m; i += w->tasks) sample_row(w->problem, i, &row);
}

size_t sample_scratch_bytes(size_t n, size_t threads) { return threads * ARRAYS * array_bytes(n); }

void sample_tokens(Pool *pool, const SampleLoops *loops, const SampleTokens *problem, void *scratch) {
  Work work = {loops, problem, scratch, problem->m < pool->threads ? problem->m : pool->threads};
  pool->run(pool, sample_task, &work, work.tasks);
}
