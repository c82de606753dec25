// Few rows of A times the transpose of B, whose rows then follow k: each number of B is used so few times that packing would take
// longer than multiplying. B is read once from memory, a vector along k at a time,
//
//   c_ij = sum over lanes of sum_w dot(a_iw, b_jw),   w in vectors of words,
//
// and bound by that: with FMA 4 bytes for 2 m operations.
enum {
  THIN = 8,                            // rows at most
  THIN_ROWS = 4,                       // of them that are multiplied at once,
  THIN_COLUMNS = LANES == 16 ? 4 : 2,  // by so many rows of B
  THIN_TASK = 64,                      // columns
};

typedef struct {
  const Gemm *g;
  uint32_t *a; // all rows of all matrices as words, with zeros up to whole vectors
} Thin;

static int is_thin(const Gemm *g) { return g->m <= THIN && g->trans_b && !g->trans_a; }
static size_t up_to(size_t x, size_t step) { return (x + step - 1) / step * step; }
static size_t thin_row(const Gemm *g) { return up_to(depth_of(g->k), LANES); }
static size_t thin_rows(const Gemm *g) { return (g->stride_a == 0 ? 1 : g->batch) * g->m; }
static size_t thin_scratch(const Gemm *g) { return 4 * thin_rows(g) * thin_row(g); }

INLINE void multiply_few(size_t rows, size_t columns, const uint32_t *a, size_t a_row, const float *b, size_t k, float *c, size_t n) {
  Sums sums[THIN_ROWS][THIN_COLUMNS];
  UNROLL for (size_t i = 0; i < rows; i++) UNROLL for (size_t j = 0; j < columns; j++) sums[i][j] = no_sums();
  for (size_t l = 0; l < k; l += LANES * K_PER_WORD) {
    Words right[THIN_COLUMNS];
    UNROLL for (size_t j = 0; j < columns; j++) right[j] = words_along(b + j * k + l, k - l);
    UNROLL for (size_t i = 0; i < rows; i++) {
      Words left = load(a + i * a_row + l / K_PER_WORD);
      UNROLL for (size_t j = 0; j < columns; j++) sums[i][j] = dot(sums[i][j], left, right[j]);
    }
  }
  UNROLL for (size_t i = 0; i < rows; i++) UNROLL for (size_t j = 0; j < columns; j++) c[i * n + j] = sum_of(sums[i][j]);
}

// All rows of A by one group of B's rows.
INLINE void multiply_group(const Gemm *g, size_t columns, const uint32_t *a, const float *b, float *c) {
  const size_t row = thin_row(g);
  for (size_t i = 0; i < g->m; i += THIN_ROWS) {
    switch (g->m - i) {
      case 1: multiply_few(1, columns, a + i * row, row, b, g->k, c + i * g->n, g->n); break;
      case 2: multiply_few(2, columns, a + i * row, row, b, g->k, c + i * g->n, g->n); break;
      case 3: multiply_few(3, columns, a + i * row, row, b, g->k, c + i * g->n, g->n); break;
      default: multiply_few(4, columns, a + i * row, row, b, g->k, c + i * g->n, g->n);
    }
  }
}

static void thin_task(void *data, size_t task) {
  const Thin *t = data;
  const Gemm *g = t->g;
  const size_t tasks = (g->n + THIN_TASK - 1) / THIN_TASK, matrix = task / tasks, first = task % tasks * THIN_TASK;
  const size_t last = first + THIN_TASK < g->n ? first + THIN_TASK : g->n;
  const uint32_t *a = t->a + (g->stride_a == 0 ? 0 : matrix * g->m * thin_row(g));
  const float *b = g->b + matrix * g->stride_b;
  float *c = g->c + matrix * g->m * g->n;
  size_t j = first;
  for (; j + THIN_COLUMNS <= last; j += THIN_COLUMNS) multiply_group(g, THIN_COLUMNS, a, b + j * g->k, c + j);
  for (; j < last; j++) multiply_group(g, 1, a, b + j * g->k, c + j);
}

static void multiply_thin(Pool *pool, const Gemm *g, void *memory) {
  Thin t = {g, memory};
  for (size_t r = 0; r < thin_rows(g); r++)
    for (size_t l = 0; l < g->k; l += LANES * K_PER_WORD) store(t.a + r * thin_row(g) + l / K_PER_WORD, words_along(g->a + r * g->k + l, g->k - l));
  pool->run(pool, thin_task, &t, g->batch * ((g->n + THIN_TASK - 1) / THIN_TASK));
}
