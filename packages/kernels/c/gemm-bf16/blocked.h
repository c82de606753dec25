// The product in blocks, written once. An instruction set includes this file after it has said what its vectors are:
//
//   LANES        floats, or 32-bit words, in a vector
//   K_PER_WORD   numbers along k in a word: 2, a pair of bfloat16, or 1, a float32 that is already rounded
//   ROWS         rows of A that the inner loop multiplies at once: LANES / 2
//   Words        a vector of words;  Sums  a vector of float32
//   words_along(p, count), words_across(first, second, count)    the two ways to read and round, from memory to words
//   transpose(block)    LANES vectors of words as a matrix
//   dot(sums, a, b)     sums + the products of the words' numbers
//
// and loads and stores; FORM is the name of what it defines.
//
//   for columns, so many that their packed panels stay in the cache that cores share
//     for k, DEPTH words at a time: pack B's panels
//       for BLOCK rows of A: pack them; they stay in the core's second cache
//         for each panel of B, of up to VECTORS vectors: for each panel of A, of ROWS rows: the inner loop
enum {
  VECTORS = 3,                // ROWS x VECTORS sums, VECTORS words of B and one of A fit the registers
  WIDTH = VECTORS * LANES,    // columns of a panel of B
  SLAB = 3072 / WIDTH,        // panels of B that are packed at a time
  TASKS = 4,                  // for each thread, so that none waits long for the last
};
#include "panels.h"

typedef struct {
  const GemmBf16 *g;
  uint32_t *b, *a;              // packed: all of the slab's columns; one block of rows for each thread
  size_t matrix, matrices;      // of the batch
  size_t column, columns;       // of each of them
  size_t k0, k;
  size_t blocks, shares;        // into which rows and columns are divided among tasks
  size_t next;                  // task, which any thread may take
} Slab;

static size_t smaller(size_t x, size_t y) { return x < y ? x : y; }
static size_t larger(size_t x, size_t y) { return x > y ? x : y; }
static size_t up_to(size_t x, size_t step) { return (x + step - 1) / step * step; }
static size_t vectors_of(size_t columns) { return (columns + LANES - 1) / LANES; }
static size_t panels_of(size_t columns) { return (columns + WIDTH - 1) / WIDTH; }
// Where a panel begins: the vectors are dealt out evenly, for one of a single vector keeps the inner loop waiting for its sums.
static size_t panel_start(size_t columns, size_t panel) { return panel * vectors_of(columns) / panels_of(columns) * LANES; }

static size_t matrix_words(size_t columns, size_t k) { return up_to(columns, LANES) * depth_of(k); }
static size_t block_words(size_t rows, size_t k) { return up_to(smaller(rows, BLOCK), LANES) * depth_of(k); }

// k in equal parts of at most DEPTH words.
static size_t k_step(size_t k) {
  size_t most = DEPTH * K_PER_WORD, parts = (k + most - 1) / most;
  return up_to((k + parts - 1) / parts, LANES * K_PER_WORD);
}

static size_t matrices_at_once(const GemmBf16 *g) { return smaller(larger(SLAB / panels_of(g->n), 1), g->batch); }

static size_t scratch(const GemmBf16 *g, size_t threads) {
  size_t k = smaller(k_step(g->k), g->k), columns = smaller(g->n, SLAB * WIDTH);
  return 4 * (matrices_at_once(g) * matrix_words(columns, k) + threads * block_words(g->m, k));
}

// ---- the inner loop: a panel of A and one of B, from the first word to the last ----

// c: rows x columns of them, of a matrix with ldc columns; `add` to what is there.
typedef void Multiply(size_t depth, const uint32_t *a, const uint32_t *b, float *c, size_t ldc, size_t rows, size_t columns, int add);

INLINE void multiply_panels(size_t vectors, size_t depth, const uint32_t *a, const uint32_t *b, float *c, size_t ldc, size_t rows, size_t columns, int add) {
  Sums sums[ROWS][VECTORS];
  UNROLL for (size_t r = 0; r < ROWS; r++) UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = no_sums();
  for (size_t w = 0; w < depth; w++, a += ROWS, b += vectors * LANES) {
    Words right[VECTORS];
    UNROLL for (size_t v = 0; v < vectors; v++) right[v] = load(b + v * LANES);
    UNROLL for (size_t r = 0; r < ROWS; r++) {
      Words left = broadcast(a + r);
      UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = dot(sums[r][v], left, right[v]);
    }
  }
  UNROLL for (size_t r = 0; r < ROWS; r++) UNROLL for (size_t v = 0; v < vectors; v++) {
    if (r >= rows || v * LANES >= columns) continue;
    store_sums(c + r * ldc + v * LANES, columns - v * LANES, sums[r][v], add);
  }
}

#define MULTIPLY(vectors) \
  __attribute__((noinline)) static void multiply_##vectors(size_t depth, const uint32_t *a, const uint32_t *b, float *c, size_t ldc, size_t rows, size_t columns, int add) { \
    multiply_panels(vectors, depth, a, b, c, ldc, rows, columns, add); \
  }
MULTIPLY(1) MULTIPLY(2) MULTIPLY(3)

// ---- tasks ----

static size_t packed_matrices(const Slab *s) { return s->g->stride_b == 0 ? 1 : s->matrices; }

static void pack_panel(void *data, size_t task) {
  const Slab *s = data;
  const GemmBf16 *g = s->g;
  size_t panels = panels_of(s->columns), matrix = task / panels, from = panel_start(s->columns, task % panels);
  size_t width = panel_start(s->columns, task % panels + 1) - from, columns = smaller(s->columns - from, width);
  Operand b = {g->b + (s->matrix + matrix) * g->stride_b, g->trans_b ? g->k : g->n, !g->trans_b};
  pack(b, s->column + from, columns, s->k0, s->k, width, s->b + matrix * matrix_words(s->columns, s->k) + from * depth_of(s->k));
}

// A block of rows against a share of the panels, with memory for the packed block.
static void multiply_block(const Slab *s, size_t task, uint32_t *packed) {
  const GemmBf16 *g = s->g;
  size_t depth = depth_of(s->k), panels = panels_of(s->columns);
  size_t share = task % s->shares, row = task / s->shares % s->blocks * BLOCK, matrix = task / s->shares / s->blocks;
  size_t rows = smaller(g->m - row, BLOCK);
  Operand a = {g->a + (s->matrix + matrix) * g->stride_a, g->trans_a ? g->m : g->k, g->trans_a};
  pack(a, row, rows, s->k0, s->k, ROWS, packed);
  const uint32_t *b = s->b + (g->stride_b == 0 ? 0 : matrix * matrix_words(s->columns, s->k));
  float *c = g->c + ((s->matrix + matrix) * g->m + row) * g->n + s->column;
  for (size_t panel = share * panels / s->shares; panel < (share + 1) * panels / s->shares; panel++) {
    size_t from = panel_start(s->columns, panel), width = panel_start(s->columns, panel + 1) - from, columns = smaller(s->columns - from, width);
    Multiply *multiply = width == 3 * LANES ? multiply_3 : width == 2 * LANES ? multiply_2 : multiply_1;
    for (size_t r = 0; r < rows; r += ROWS)
      multiply(depth, packed + r * depth, b + from * depth, c + r * g->n + from, g->n, smaller(rows - r, ROWS), columns, s->k0 > 0);
  }
}

static void multiply_tasks(void *data, size_t thread) {
  Slab *s = data;
  size_t tasks = s->matrices * s->blocks * s->shares, task;
  while ((task = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < tasks) multiply_block(s, task, s->a + thread * block_words(s->g->m, s->k));
}

static void run(Pool *pool, const GemmBf16 *g, void *memory) {
  size_t step = k_step(g->k), together = matrices_at_once(g);
  Slab s = {.g = g, .b = memory, .blocks = (g->m + BLOCK - 1) / BLOCK};
  for (s.matrix = 0; s.matrix < g->batch; s.matrix += s.matrices) {
    s.matrices = smaller(together, g->batch - s.matrix);
    for (s.column = 0; s.column < g->n; s.column += s.columns) {
      s.columns = smaller(SLAB * WIDTH, g->n - s.column);
      size_t panels = panels_of(s.columns);
      for (s.shares = 1; s.matrices * s.blocks * s.shares < TASKS * pool->threads && 2 * s.shares <= panels;) s.shares *= 2;
      for (s.k0 = 0; s.k0 < g->k; s.k0 += s.k) {
        s.k = smaller(step, g->k - s.k0);
        s.a = s.b + packed_matrices(&s) * matrix_words(s.columns, s.k);
        s.next = 0;
        pool->run(pool, pack_panel, &s, packed_matrices(&s) * panels);
        pool->run(pool, multiply_tasks, &s, pool->threads);
      }
    }
  }
}

const GemmBf16Form FORM = {scratch, run};
