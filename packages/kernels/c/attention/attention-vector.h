// Both directions, a vector at a time. Threads take pairs of b and h, or, where there are fewer pairs than would keep them busy,
// the forward pass parts of a pair's rows; the backward pass adds up dk and dv over all rows of a pair, so a pair is one thread's.
// Rows past the end are zero, and so are columns up to whole vectors; keys past the end have score -infinity.
#include "attention.h"
#include "../float-math.h"
#include "../tile.h"
#include <string.h>

typedef struct {
  const Attention *a;
  float *scratch;
  size_t parts; // of a pair's rows
  size_t next;  // the part that is taken next, of all pairs'
} Work;

// A block of rows of one pair, and a block of its keys; `width` is their count in whole vectors.
typedef struct {
  size_t pair, first, count;
} Rows;
typedef struct {
  size_t first, count, width, index;
} Keys;

INLINE size_t at_most(size_t n, size_t most) { return n < most ? n : most; }

INLINE Rows row_block(const Attention *a, size_t pair, size_t block) {
  return (Rows){pair, block * ROW_BLOCK, at_most(a->rows - block * ROW_BLOCK, ROW_BLOCK)};
}

INLINE Keys key_block(const Attention *a, size_t block) {
  const size_t count = at_most(a->keys - block * KEY_BLOCK, KEY_BLOCK);
  return (Keys){block * KEY_BLOCK, count, round_up(count, WIDTH), block};
}

// x [N, S] as blocks of transposes [S, KEY_BLOCK].
static void transpose_blocks(const Attention *a, const float *x, float *blocks) {
  for (size_t block = 0; block < attention_blocks(a); block++) {
    const Keys keys = key_block(a, block);
    pad_transposed(x + keys.first * a->size, keys.count, a->size, blocks + block * KEY_BLOCK * a->size, KEY_BLOCK);
  }
}

static const float *bias_of(const Attention *a, Rows rows, size_t i, Keys keys) {
  return a->bias ? a->bias + rows.pair / a->heads * a->bias_batch + (rows.first + i) % a->queries * a->bias_query + keys.first : NULL;
}

// The vector of scores at key `j` of a block, with its bias.
INLINE Vec score_at(const float *scores, const float *bias, Keys keys, size_t j) {
  Vec s = vec_load(scores + j);
  const size_t left = keys.count - j;
  if (left >= WIDTH) return bias ? vec_add(s, vec_load(bias + j)) : s;
  if (bias) s = vec_add(s, vec_load_part(bias + j, left));
  return vec_first(s, vec_all(-INFINITY), left);
}

// ---- forward ----

typedef struct {
  float *keys;   // K^T, a [S, KEY_BLOCK] for each block
  float *values; // V, [N, padded S]
  float *q, *p, *o, *top, *sum;
} Forward;

// p = exp(s - top) for a block of keys, with the largest score so far; o and the sums of the blocks before are corrected to it.
static void online_softmax(const Attention *a, Forward *f, Rows rows, Keys keys, size_t padded) {
  float before[ROW_BLOCK];
  for (size_t i = 0; i < rows.count; i++) {
    float *p = f->p + i * KEY_BLOCK;
    const float *bias = bias_of(a, rows, i, keys);
    Vec largest = vec_all(keys.index == 0 ? -INFINITY : f->top[i]);
    for (size_t j = 0; j < keys.width; j += WIDTH) {
      Vec s = score_at(p, bias, keys, j);
      if (bias || keys.width > keys.count) vec_store(p + j, s);
      largest = vec_max(largest, s);
    }
    before[i] = f->top[i];
    f->top[i] = vec_top(largest);
  }
  for (size_t i = 0; i < rows.count; i++) {
    float *p = f->p + i * KEY_BLOCK, *o = f->o + i * padded;
    Vec total = vec_zero(), top = vec_all(f->top[i]);
    for (size_t j = 0; j < keys.width; j += WIDTH) {
      Vec e = vec_exp(vec_sub(vec_load(p + j), top));
      vec_store(p + j, e);
      total = vec_add(total, e);
    }
    const float sum = vec_sum(total);
    const float correction = keys.index == 0 ? 0 : before[i] == f->top[i] ? 1 : float_exp(before[i] - f->top[i]);
    f->sum[i] = keys.index == 0 ? sum : f->sum[i] * correction + sum;
    if (keys.index == 0 || correction == 1) continue;
    for (size_t c = 0; c < padded; c += WIDTH) vec_store(o + c, vec_mul(vec_load(o + c), vec_all(correction)));
  }
}

static void forward_rows(const Attention *a, Forward *f, Rows rows) {
  const size_t size = a->size, padded = round_up(size, WIDTH), strips = round_up(rows.count, STRIP), row = rows.pair * a->rows + rows.first;
  pad_rows(a->q + row * size, rows.count, size, f->q, strips, padded);
  for (size_t block = 0; block < attention_blocks(a); block++) {
    const Keys keys = key_block(a, block);
    tile_product(strips, keys.width / WIDTH, size, (Left){f->q, padded, 1}, f->keys + keys.first * size, KEY_BLOCK, f->p, KEY_BLOCK, false);
    online_softmax(a, f, rows, keys, padded);
    tile_product(strips, padded / WIDTH, keys.count, (Left){f->p, KEY_BLOCK, 1}, f->values + keys.first * padded, padded, f->o, padded, block > 0);
  }
  for (size_t i = 0; i < rows.count; i++) {
    const float inverse = 1 / f->sum[i];
    a->softmax[2 * (row + i)] = f->top[i];
    a->softmax[2 * (row + i) + 1] = inverse;
    for (size_t c = 0; c < size; c += WIDTH)
      vec_store_part(a->o + (row + i) * size + c, vec_mul(vec_load(f->o + i * padded + c), vec_all(inverse)), size - c);
  }
}

static void forward_thread(void *data, size_t thread) {
  Work *work = data;
  const Attention *a = work->a;
  const size_t padded = round_up(a->size, WIDTH), blocks = (a->rows + ROW_BLOCK - 1) / ROW_BLOCK;
  Forward f = {.keys = work->scratch + thread * attention_scratch(a)};
  f.values = f.keys + attention_blocks(a) * KEY_BLOCK * a->size;
  f.q = f.values + a->keys * padded;
  f.p = f.q + ROW_BLOCK * padded;
  f.o = f.p + ROW_BLOCK * KEY_BLOCK;
  f.top = f.o + ROW_BLOCK * padded;
  f.sum = f.top + ROW_BLOCK;
  for (size_t part, packed = SIZE_MAX; (part = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < a->count * work->parts;) {
    const size_t pair = part / work->parts, share = part % work->parts, base = pair * a->keys * a->size;
    if (packed != pair) {
      transpose_blocks(a, a->k + base, f.keys);
      pad_rows(a->v + base, a->keys, a->size, f.values, a->keys, padded);
      packed = pair;
    }
    for (size_t block = share * blocks / work->parts; block < (share + 1) * blocks / work->parts; block++)
      forward_rows(a, &f, row_block(a, pair, block));
  }
}

// ---- backward ----

typedef struct {
  float *keys_transposed, *values_transposed; // a [S, KEY_BLOCK] for each block
  float *keys;                                // [N, padded S]
  float *dk, *dv;                             // a [KEY_STRIPS, padded S] for each block
  float *q, *g, *dq, *p, *ds, *along;
} Backward;

// p = exp(s - t) / z, ds = p (dp - along), of one block of keys; where p holds s and ds holds dp.
static void score_gradients(const Attention *a, Backward *w, Rows rows, Keys keys) {
  for (size_t i = 0; i < rows.count; i++) {
    float *p = w->p + i * KEY_BLOCK, *ds = w->ds + i * KEY_BLOCK;
    const float *bias = bias_of(a, rows, i, keys);
    const float *softmax = a->softmax + 2 * (rows.pair * a->rows + rows.first + i);
    const Vec top = vec_all(softmax[0]), inverse = vec_all(softmax[1]), along = vec_all(w->along[i]);
    for (size_t j = 0; j < keys.width; j += WIDTH) {
      Vec probability = vec_mul(vec_exp(vec_sub(score_at(p, bias, keys, j), top)), inverse);
      vec_store(p + j, probability);
      vec_store(ds + j, vec_mul(probability, vec_sub(vec_load(ds + j), along)));
    }
  }
}

static void backward_rows(const Attention *a, Backward *w, Rows rows) {
  const size_t size = a->size, padded = round_up(size, WIDTH), strips = round_up(rows.count, STRIP), row = rows.pair * a->rows + rows.first;
  pad_rows(a->q + row * size, rows.count, size, w->q, strips, padded);
  pad_rows(a->g + row * size, rows.count, size, w->g, strips, padded);
  for (size_t i = 0; i < rows.count; i++) {
    Vec along = vec_zero();
    for (size_t c = 0; c < size; c += WIDTH)
      along = vec_fma(vec_load(w->g + i * padded + c), vec_load_part(a->o + (row + i) * size + c, size - c), along);
    w->along[i] = vec_sum(along);
  }
  const Left q = {w->q, padded, 1}, g = {w->g, padded, 1}, ds = {w->ds, KEY_BLOCK, 1};
  const Left p_transposed = {w->p, 1, KEY_BLOCK}, ds_transposed = {w->ds, 1, KEY_BLOCK};
  for (size_t block = 0; block < attention_blocks(a); block++) {
    const Keys keys = key_block(a, block);
    const size_t key_strips = round_up(keys.count, STRIP), sums = block * KEY_STRIPS * padded;
    tile_product(strips, keys.width / WIDTH, size, q, w->keys_transposed + keys.first * size, KEY_BLOCK, w->p, KEY_BLOCK, false);
    tile_product(strips, keys.width / WIDTH, size, g, w->values_transposed + keys.first * size, KEY_BLOCK, w->ds, KEY_BLOCK, false);
    score_gradients(a, w, rows, keys);
    tile_product(key_strips, padded / WIDTH, rows.count, p_transposed, w->g, padded, w->dv + sums, padded, true);
    tile_product(key_strips, padded / WIDTH, rows.count, ds_transposed, w->q, padded, w->dk + sums, padded, true);
    tile_product(strips, padded / WIDTH, keys.count, ds, w->keys + keys.first * padded, padded, w->dq, padded, block > 0);
  }
  for (size_t i = 0; i < rows.count; i++)
    for (size_t c = 0; c < size; c += WIDTH) vec_store_part(a->dq + (row + i) * size + c, vec_load(w->dq + i * padded + c), size - c);
}

// Sums of a pair, a [KEY_STRIPS, padded S] for each block, as [N, S].
static void store_sums(const Attention *a, const float *sums, float *to) {
  const size_t padded = round_up(a->size, WIDTH);
  for (size_t j = 0; j < a->keys; j++) {
    const float *from = sums + (j / KEY_BLOCK * KEY_STRIPS + j % KEY_BLOCK) * padded;
    for (size_t c = 0; c < a->size; c += WIDTH) vec_store_part(to + j * a->size + c, vec_load(from + c), a->size - c);
  }
}

static void backward_thread(void *data, size_t thread) {
  Work *work = data;
  const Attention *a = work->a;
  const size_t padded = round_up(a->size, WIDTH), blocks = attention_blocks(a), all_sums = blocks * KEY_STRIPS * padded;
  Backward w = {.keys_transposed = work->scratch + thread * attention_scratch(a)};
  w.values_transposed = w.keys_transposed + blocks * KEY_BLOCK * a->size;
  w.keys = w.values_transposed + blocks * KEY_BLOCK * a->size;
  w.dk = w.keys + a->keys * padded;
  w.dv = w.dk + all_sums;
  w.q = w.dv + all_sums;
  w.g = w.q + ROW_BLOCK * padded;
  w.dq = w.g + ROW_BLOCK * padded;
  w.ds = w.dq + ROW_BLOCK * padded;
  w.p = w.ds + ROW_BLOCK * KEY_BLOCK;
  w.along = w.p + ROW_BLOCK * KEY_BLOCK; // the transposes' last strip reads a few floats past p's and ds's last row, and drops what it makes of them
  for (size_t pair; (pair = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) < a->count;) {
    const size_t base = pair * a->keys * a->size;
    transpose_blocks(a, a->k + base, w.keys_transposed);
    transpose_blocks(a, a->v + base, w.values_transposed);
    pad_rows(a->k + base, a->keys, a->size, w.keys, a->keys, padded);
    memset(w.dk, 0, 2 * all_sums * sizeof(float));
    for (size_t first = 0; first < a->rows; first += ROW_BLOCK) backward_rows(a, &w, row_block(a, pair, first / ROW_BLOCK));
    store_sums(a, w.dk, a->dk + base);
    store_sums(a, w.dv, a->dv + base);
  }
}

void FORWARD(Pool *pool, const Attention *a, float *scratch) {
  const size_t blocks = (a->rows + ROW_BLOCK - 1) / ROW_BLOCK;
  Work work = {.a = a, .scratch = scratch, .parts = 1};
  while (a->count * work.parts < 4 * pool->threads && 2 * work.parts <= blocks) work.parts *= 2;
  pool->run(pool, forward_thread, &work, pool->threads);
}

void BACKWARD(Pool *pool, const Attention *a, float *scratch) {
  Work work = {.a = a, .scratch = scratch, .parts = 1};
  pool->run(pool, backward_thread, &work, pool->threads);
}
