// There are as many shares as threads. Share i takes blocks of words i, i + shares, ..., and goes through all rows with each: which
// blocks are summed together must not depend on which thread is faster, or a run could not be repeated. Rows and words past the end are zero.
#include <string.h>
#include "../float-math.h"
#include "../tile.h"
#include "target-log-probs.h"

// Depth of a product before its sums go back to memory, so that what it reads stays near.
enum { DEPTH = 512 };

typedef struct {
  const TargetLogProbs *a;
  float *x; // [padded M, padded D], shared
  float *shares_memory;
  size_t share_floats, shares;
} Work;

typedef struct {
  size_t first, count;
} Block;

INLINE Block block_at(size_t index, size_t unit, size_t end) {
  const size_t first = index * unit;
  return (Block){first, end - first < unit ? end - first : unit};
}

INLINE size_t padded_size(const TargetLogProbs *a) { return target_log_probs_padded(a->size); }
INLINE size_t row_blocks(const TargetLogProbs *a) { return (a->rows + LOGIT_ROWS - 1) / LOGIT_ROWS; }
INLINE size_t word_blocks(const TargetLogProbs *a) { return (a->words + LOGIT_WORDS - 1) / LOGIT_WORDS; }

// x of a block of rows, with zeros past its ends.
static void pad_task(void *data, size_t index) {
  const Work *work = data;
  const TargetLogProbs *a = work->a;
  const Block rows = block_at(index, LOGIT_ROWS, a->rows);
  pad_rows(a->x + rows.first * a->size, rows.count, a->size, work->x + rows.first * padded_size(a), LOGIT_ROWS, padded_size(a));
}

INLINE float *share_memory(const Work *work, size_t share) { return work->shares_memory + share * work->share_floats; }

// l [LOGIT_ROWS, LOGIT_WORDS] of a block of rows and the block of words whose transpose [D, LOGIT_WORDS] is given.
static void logits_of(const Work *work, Block rows, const float *words, float *l) {
  const size_t size = work->a->size, padded = padded_size(work->a), strips = round_up(rows.count, STRIP);
  for (size_t k = 0; k < size; k += DEPTH) {
    const Left x = {work->x + rows.first * padded + k, padded, 1};
    tile_product(strips, LOGIT_WORDS / WIDTH, size - k < DEPTH ? size - k : DEPTH, x, words + k * LOGIT_WORDS, LOGIT_WORDS, l, LOGIT_WORDS, k > 0);
  }
}

// ---- forward ----

// Adds a block of words to the largest logit and the sum of exp(l - largest) so far.
static void add_to_sums(const float *l, size_t words, float *top, float *sum) {
  Vec largest = vec_all(*top), total = vec_zero();
  for (size_t j = 0; j < words; j += WIDTH) largest = vec_max(largest, vec_first(vec_load(l + j), vec_all(-INFINITY), words - j));
  const float before = *top;
  *top = vec_top(largest);
  for (size_t j = 0; j < words; j += WIDTH)
    total = vec_add(total, vec_first(vec_exp(vec_sub(vec_load(l + j), vec_all(*top))), vec_zero(), words - j));
  *sum = (before == *top ? *sum : *sum * float_exp(before - *top)) + vec_sum(total);
}

static void forward_share(void *data, size_t share) {
  const Work *work = data;
  const TargetLogProbs *a = work->a;
  float *transposed = share_memory(work, share), *l = transposed + LOGIT_WORDS * a->size;
  float *top = l + LOGIT_ROWS * LOGIT_WORDS, *sum = top + a->rows;
  for (size_t i = 0; i < a->rows; i++) top[i] = -INFINITY, sum[i] = 0;
  for (size_t block = share; block < word_blocks(a); block += work->shares) {
    const Block words = block_at(block, LOGIT_WORDS, a->words);
    pad_transposed(a->w + words.first * a->size, words.count, a->size, transposed, LOGIT_WORDS);
    for (size_t index = 0; index < row_blocks(a); index++) {
      const Block rows = block_at(index, LOGIT_ROWS, a->rows);
      logits_of(work, rows, transposed, l);
      for (size_t i = 0; i < rows.count; i++) {
        const size_t row = rows.first + i, target = (size_t)a->targets[row] - words.first;
        if (target < words.count) a->y[row] = l[i * LOGIT_WORDS + target];
        add_to_sums(l + i * LOGIT_WORDS, words.count, &top[row], &sum[row]);
      }
    }
  }
}

void FORWARD(Pool *pool, const TargetLogProbs *a, float *scratch) {
  const size_t shared = row_blocks(a) * LOGIT_ROWS * padded_size(a);
  Work work = {.a = a, .x = scratch, .shares_memory = scratch + shared, .share_floats = target_log_probs_scratch(a, 1) - shared, .shares = pool->threads};
  pool->run(pool, pad_task, &work, row_blocks(a));
  pool->run(pool, forward_share, &work, work.shares);
  for (size_t i = 0; i < a->rows; i++) {
    float top = -INFINITY, sum = 0;
    const float *first = work.shares_memory + LOGIT_WORDS * a->size + LOGIT_ROWS * LOGIT_WORDS + i;
    for (size_t share = 0; share < work.shares; share++) {
      const float other = first[share * work.share_floats];
      if (!(other <= top)) top = other;
    }
    for (size_t share = 0; share < work.shares; share++) {
      const float *own = first + share * work.share_floats;
      if (own[0] != -INFINITY) sum += own[a->rows] * float_exp(own[0] - top);
    }
    a->z[i] = top + float_log(sum);
    a->y[i] -= a->z[i];
  }
}

// ---- backward ----

typedef struct {
  float *transposed; // [D, LOGIT_WORDS]
  float *words, *dw; // [LOGIT_WORDS, padded D]
  float *l;          // [LOGIT_ROWS, LOGIT_WORDS]
  float *dx;         // [padded M, padded D]
} Backward;

static Backward backward_memory(const Work *work, size_t share) {
  const TargetLogProbs *a = work->a;
  Backward m = {.transposed = share_memory(work, share)};
  m.words = m.transposed + LOGIT_WORDS * a->size;
  m.dw = m.words + LOGIT_WORDS * padded_size(a);
  m.l = m.dw + LOGIT_WORDS * padded_size(a);
  m.dx = m.l + LOGIT_ROWS * LOGIT_WORDS;
  return m;
}

// dl of a row and a block of words, where l is.
static void logit_gradients(const TargetLogProbs *a, size_t row, Block words, float *l) {
  const Vec g = vec_all(-a->g[row]), z = vec_all(a->z[row]);
  for (size_t j = 0; j < LOGIT_WORDS; j += WIDTH) {
    const Vec dl = vec_mul(g, vec_exp(vec_sub(vec_load(l + j), z)));
    vec_store(l + j, j + WIDTH <= words.count ? dl : vec_first(dl, vec_zero(), words.count > j ? words.count - j : 0));
  }
  const size_t target = (size_t)a->targets[row] - words.first;
  if (target < words.count) l[target] += a->g[row];
}

static void backward_block(const Work *work, const Backward *m, Block rows, Block words, bool is_first) {
  const TargetLogProbs *a = work->a;
  const size_t padded = padded_size(a), strips = round_up(rows.count, STRIP);
  logits_of(work, rows, m->transposed, m->l);
  for (size_t i = 0; i < rows.count; i++) logit_gradients(a, rows.first + i, words, m->l + i * LOGIT_WORDS);
  const float *x = work->x + rows.first * padded;
  tile_product(LOGIT_WORDS, padded / WIDTH, rows.count, (Left){m->l, 1, LOGIT_WORDS}, x, padded, m->dw, padded, rows.first > 0);
  float *dx = m->dx + rows.first * padded;
  tile_product(strips, padded / WIDTH, words.count, (Left){m->l, LOGIT_WORDS, 1}, m->words, padded, dx, padded, !is_first);
}

static void backward_share(void *data, size_t share) {
  const Work *work = data;
  const TargetLogProbs *a = work->a;
  const size_t padded = padded_size(a);
  const Backward m = backward_memory(work, share);
  if (share >= word_blocks(a)) memset(m.dx, 0, row_blocks(a) * LOGIT_ROWS * padded * sizeof(float)); // there are no words for it
  for (size_t block = share; block < word_blocks(a); block += work->shares) {
    const Block words = block_at(block, LOGIT_WORDS, a->words);
    const float *w = a->w + words.first * a->size;
    pad_transposed(w, words.count, a->size, m.transposed, LOGIT_WORDS);
    pad_rows(w, words.count, a->size, m.words, words.count, padded);
    for (size_t index = 0; index < row_blocks(a); index++) backward_block(work, &m, block_at(index, LOGIT_ROWS, a->rows), words, block == share);
    for (size_t i = 0; i < words.count; i++) memcpy(a->dw + (words.first + i) * a->size, m.dw + i * padded, a->size * sizeof(float));
  }
}

// Adds what the shares have for a block of rows.
static void add_shares(void *data, size_t index) {
  const Work *work = data;
  const TargetLogProbs *a = work->a;
  const size_t padded = padded_size(a);
  const Block rows = block_at(index, LOGIT_ROWS, a->rows);
  for (size_t row = rows.first; row < rows.first + rows.count; row++) {
    for (size_t c = 0; c < a->size; c += WIDTH) {
      Vec sum = vec_load(backward_memory(work, 0).dx + row * padded + c);
      for (size_t share = 1; share < work->shares; share++) sum = vec_add(sum, vec_load(backward_memory(work, share).dx + row * padded + c));
      vec_store_part(a->dx + row * a->size + c, sum, a->size - c);
    }
  }
}

void BACKWARD(Pool *pool, const TargetLogProbs *a, float *scratch) {
  const size_t shared = row_blocks(a) * LOGIT_ROWS * padded_size(a);
  Work work = {.a = a, .x = scratch, .shares_memory = scratch + shared, .share_floats = target_log_probs_backward_scratch(a, 1) - shared, .shares = pool->threads};
  pool->run(pool, pad_task, &work, row_blocks(a));
  pool->run(pool, backward_share, &work, work.shares);
  pool->run(pool, add_shares, &work, row_blocks(a));
}
