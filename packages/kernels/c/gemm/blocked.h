// The product in blocks, written once. An instruction set includes this file after it has said what its vectors are:
//
//   LANES        floats, or 32-bit words, in a vector
//   K_PER_WORD   numbers along k in a word: 2, a pair of bfloat16, or 1, a float32
//   ROWS         rows of A that the inner loop multiplies at once: LANES / 2
//   Words        a vector of words;  Sums  a vector of float32
//   words_along(p, count), words_across(first, second, count)    the two ways to read, and to round, from memory to words
//   transpose(block)    LANES vectors of words as a matrix
//   dot(sums, a, b)     sums + the products of the words' numbers
//
// and loads and stores; FORM is the name of what it defines.
//
//   for columns, so many that their packed panels stay in the cache that cores share
//     for k, DEPTH words at a time: pack B's panels
//       for rows of A, at most BLOCK words: pack them; they stay in the core's second cache
//         for each panel of B, of up to VECTORS vectors: for each panel of A, of ROWS rows: the inner loop
//
// Where all rows are one block, it is packed first, and each panel of B just before it is multiplied.
enum {
  VECTORS = 3,                // ROWS x VECTORS sums, VECTORS words of B and one of A fit the registers
  WIDTH = VECTORS * LANES,    // columns of a panel of B
  SLAB = 3072 / WIDTH,        // panels of B that are packed at a time
  TASKS = 4,                  // for each thread, so that none waits long for the last
};
#include "panels.h"
#include "thin.h"

typedef struct {
  const Gemm *g;
  uint32_t *shared, *own;       // packed: what all threads read, and what each packs for itself
  size_t matrix, matrices;      // of the batch
  size_t column, columns;       // of each of them
  size_t k0, k;
  size_t blocks, shares;        // into which rows and columns are divided among tasks
  size_t next;                  // task, which any thread may take
} Slab;

static size_t smaller(size_t x, size_t y) { return x < y ? x : y; }
static size_t larger(size_t x, size_t y) { return x > y ? x : y; }
static size_t vectors_of(size_t columns) { return (columns + LANES - 1) / LANES; }
static size_t panels_of(size_t columns) { return (columns + WIDTH - 1) / WIDTH; }
// Where a panel begins: the vectors are dealt out evenly, for one of a single vector keeps the inner loop waiting for its sums.
static size_t panel_start(size_t columns, size_t panel) { return panel * vectors_of(columns) / panels_of(columns) * LANES; }

static size_t matrix_words(size_t columns, size_t k) { return up_to(columns, LANES) * depth_of(k); }
// k in equal parts of at most DEPTH words.
static size_t k_step(size_t k) {
  size_t most = DEPTH * K_PER_WORD, parts = (k + most - 1) / most;
  return up_to((k + parts - 1) / parts, LANES * K_PER_WORD);
}

static size_t block_rows(const Gemm *g) { return smaller(up_to(g->m, LANES), BLOCK / depth_of(smaller(k_step(g->k), g->k)) / LANES * LANES); }
static size_t block_words(const Gemm *g, size_t k) { return block_rows(g) * depth_of(k); }

static size_t matrices_at_once(const Gemm *g) { return smaller(larger(SLAB / panels_of(g->n), 1), g->batch); }

// Whether B's panels need not be kept for another block of rows, or another matrix.
static int is_one_block(const Gemm *g) { return g->m <= block_rows(g) && (g->batch == 1 || g->stride_b > 0); }

static size_t scratch(const Gemm *g, size_t threads) {
  if (is_thin(g)) return thin_scratch(g);
  size_t k = smaller(k_step(g->k), g->k), columns = smaller(g->n, SLAB * WIDTH);
  size_t block = block_words(g, k), shared = is_one_block(g) ? block : matrix_words(columns, k);
  return 4 * (matrices_at_once(g) * shared + threads * (is_one_block(g) ? WIDTH * depth_of(k) : block));
}

// ---- the inner loop: a panel of A and one of B, from the first word to the last ----

// Where the sums go: rows x columns of them, in a matrix with `ld` columns; `add` to what is there.
typedef struct {
  float *c;
  size_t ld, rows, columns;
  int add;
} Result;

// What is fetched meanwhile into the second cache: `step` words further with each word along k.
typedef struct {
  const uint32_t *words;
  size_t step;
} Ahead;

typedef void Multiply(size_t depth, const uint32_t *a, const uint32_t *b, Result to, Ahead next);

INLINE void multiply_panels(size_t vectors, size_t depth, const uint32_t *a, const uint32_t *b, Result to, Ahead next) {
  Sums sums[ROWS][VECTORS];
  UNROLL for (size_t r = 0; r < ROWS; r++) UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = no_sums();
  for (size_t r = 0; r < to.rows; r++)
    for (size_t v = 0; v < vectors; v++) __builtin_prefetch(to.c + r * to.ld + v * LANES, 1);
  #pragma GCC unroll 4
  for (size_t w = 0; w < depth; w++, a += ROWS, b += vectors * LANES, next.words += next.step) {
    __builtin_prefetch(next.words, 0, 2);
    Words right[VECTORS];
    UNROLL for (size_t v = 0; v < vectors; v++) right[v] = load(b + v * LANES);
    UNROLL for (size_t r = 0; r < ROWS; r++) {
      Words left = broadcast(a + r);
      UNROLL for (size_t v = 0; v < vectors; v++) sums[r][v] = dot(sums[r][v], left, right[v]);
    }
  }
  UNROLL for (size_t r = 0; r < ROWS; r++) UNROLL for (size_t v = 0; v < vectors; v++) {
    if (r >= to.rows || v * LANES >= to.columns) continue;
    store_sums(to.c + r * to.ld + v * LANES, to.columns - v * LANES, sums[r][v], to.add);
  }
}

#define MULTIPLY(vectors) \
  __attribute__((noinline)) static void multiply_##vectors(size_t depth, const uint32_t *a, const uint32_t *b, Result to, Ahead next) { \
    multiply_panels(vectors, depth, a, b, to, next); \
  }
MULTIPLY(1) MULTIPLY(2) MULTIPLY(3)

// ---- tasks ----

typedef struct {
  size_t matrix, from, width; // of the slab, in columns, whole vectors
} Panel;

static Panel panel_of(const Slab *s, size_t matrix, size_t panel) {
  size_t from = panel_start(s->columns, panel);
  return (Panel){matrix, from, panel_start(s->columns, panel + 1) - from};
}

static void pack_panel(const Slab *s, Panel p, uint32_t *to) {
  const Gemm *g = s->g;
  Operand b = {g->b + (s->matrix + p.matrix) * g->stride_b, g->trans_b ? g->k : g->n, !g->trans_b};
  pack(b, s->column + p.from, smaller(s->columns - p.from, p.width), s->k0, s->k, p.width, to);
}

static void pack_rows(const Slab *s, size_t matrix, size_t row, size_t rows, uint32_t *to) {
  const Gemm *g = s->g;
  Operand a = {g->a + (s->matrix + matrix) * g->stride_a, g->trans_a ? g->m : g->k, g->trans_a};
  pack(a, row, rows, s->k0, s->k, ROWS, to);
}

// A packed block of rows and a packed panel. `has_next`: the panel to be multiplied next lies behind this one.
static void multiply_block(const Slab *s, const uint32_t *a, size_t row, size_t rows, const uint32_t *b, Panel p, int has_next) {
  const Gemm *g = s->g;
  const size_t depth = depth_of(s->k), columns = smaller(s->columns - p.from, p.width);
  const size_t step = has_next ? (p.width * ROWS + rows - 1) / rows : 0; // so that the next panel is there when this one is done
  const uint32_t *next = has_next ? b + p.width * depth : b;             // where no memory is, looking for it takes long
  float *c = g->c + ((s->matrix + p.matrix) * g->m + row) * g->n + s->column + p.from;
  Multiply *multiply = p.width == 3 * LANES ? multiply_3 : p.width == 2 * LANES ? multiply_2 : multiply_1;
  for (size_t r = 0; r < rows; r += ROWS) {
    Result to = {c + r * g->n, g->n, smaller(rows - r, ROWS), columns, s->k0 > 0};
    multiply(depth, a + r * depth, b, to, (Ahead){next + r / ROWS * step * depth, step});
  }
}

// Many blocks: B's panels are shared, and a task packs a block of rows for a share of them.

static size_t packed_matrices(const Slab *s) { return s->g->stride_b == 0 ? 1 : s->matrices; }

static uint32_t *packed_panel(const Slab *s, Panel p) {
  const size_t matrix = s->g->stride_b == 0 ? 0 : p.matrix;
  return s->shared + matrix * matrix_words(s->columns, s->k) + p.from * depth_of(s->k);
}

static void pack_shared_panel(void *data, size_t task) {
  const Slab *s = data;
  const Panel p = panel_of(s, task / panels_of(s->columns), task % panels_of(s->columns));
  pack_panel(s, p, packed_panel(s, p));
}

static void multiply_share(const Slab *s, size_t task, uint32_t *packed) {
  const size_t share = task % s->shares, row = task / s->shares % s->blocks * block_rows(s->g), matrix = task / s->shares / s->blocks;
  const size_t panels = panels_of(s->columns), rows = smaller(s->g->m - row, block_rows(s->g));
  pack_rows(s, matrix, row, rows, packed);
  for (size_t panel = share * panels / s->shares; panel < (share + 1) * panels / s->shares; panel++) {
    const Panel p = panel_of(s, matrix, panel);
    multiply_block(s, packed, row, rows, packed_panel(s, p), p, panel + 1 < panels);
  }
}

static void multiply_shares(void *data, size_t thread) {
  Slab *s = data;
  size_t tasks = s->matrices * s->blocks * s->shares, task;
  while ((task = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < tasks) multiply_share(s, task, s->own + thread * block_words(s->g, s->k));
}

// One block: it is shared, and a task packs a panel of B.

static void pack_shared_rows(void *data, size_t task) {
  const Slab *s = data;
  const size_t parts = vectors_of(s->g->m), row = task % parts * LANES, matrix = task / parts;
  uint32_t *block = s->shared + matrix * block_words(s->g, s->k);
  pack_rows(s, matrix, row, smaller(s->g->m - row, LANES), block + row * depth_of(s->k));
}

static void multiply_all_rows(void *data, size_t thread) {
  Slab *s = data;
  const size_t panels = panels_of(s->columns), depth = depth_of(s->k);
  uint32_t *packed = s->own + thread * WIDTH * depth;
  for (size_t task; (task = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < s->matrices * panels;) {
    const Panel p = panel_of(s, task / panels, task % panels);
    pack_panel(s, p, packed);
    multiply_block(s, s->shared + p.matrix * block_words(s->g, s->k), 0, s->g->m, packed, p, 0);
  }
}

// ---- all of it ----

static void run_slab(Pool *pool, Slab *s) {
  const Gemm *g = s->g;
  s->next = 0;
  if (is_one_block(g)) {
    s->own = s->shared + s->matrices * block_words(g, s->k);
    pool->run(pool, pack_shared_rows, s, s->matrices * vectors_of(g->m));
    pool->run(pool, multiply_all_rows, s, pool->threads);
    return;
  }
  const size_t panels = panels_of(s->columns), tasks = pool->threads > 1 ? TASKS * pool->threads : 1;
  for (s->shares = 1; s->matrices * s->blocks * s->shares < tasks && 2 * s->shares <= panels;) s->shares *= 2;
  s->own = s->shared + packed_matrices(s) * matrix_words(s->columns, s->k);
  pool->run(pool, pack_shared_panel, s, packed_matrices(s) * panels);
  pool->run(pool, multiply_shares, s, pool->threads);
}

static void run(Pool *pool, const Gemm *g, void *memory) {
  if (is_thin(g)) return multiply_thin(pool, g, memory);
  size_t step = k_step(g->k), together = matrices_at_once(g);
  Slab s = {.g = g, .shared = memory, .blocks = (g->m + block_rows(g) - 1) / block_rows(g)};
  for (s.matrix = 0; s.matrix < g->batch; s.matrix += s.matrices) {
    s.matrices = smaller(together, g->batch - s.matrix);
    for (s.column = 0; s.column < g->n; s.column += s.columns) {
      s.columns = smaller(SLAB * WIDTH, g->n - s.column);
      for (s.k0 = 0; s.k0 < g->k; s.k0 += s.k) {
        s.k = smaller(step, g->k - s.k0);
        run_slab(pool, &s);
      }
    }
  }
}

const GemmForm FORM = {scratch, run};
