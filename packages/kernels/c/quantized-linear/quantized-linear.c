// The loops around the tiles. Rows are rounded first, each once. Then every share of the panels goes over k in parts and over the rows
// within a part, so that a part of a few panels stays in the nearest caches while all rows pass, and weights are read from memory once.
#include "quantized-linear.h"

enum { PART = 1024, SHARES_A_THREAD = 4, ALIGNED = 64 };

typedef struct {
  const QuantizedLevel *level;
  const QuantizedLinear *p;
  size_t height, across;          // most rows and panels of a tile
  size_t panels, groups, shares;  // groups of panels, of `across` each
  size_t roundings;               // tasks
  size_t step, codeBytes;         // k of a group or block, and bytes of a row in it
  uint8_t *codes;
  float *scales, *turned;
  int32_t *start;
  float *offsets;
} Work;

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// 16, 8, 4, 2 or 1 rows, as many as there are left.
static size_t height_of(const Work *w, size_t row) {
  size_t height = w->height;
  while (height > w->p->m - row) height /= 2;
  return height;
}

// The rows of a tile in memory. Tiles lie one after the other, so that a row's place does not depend on how they were cut.
static RoundedRows rows_at(const Work *w, size_t row, size_t rows, size_t k) {
  size_t steps = w->p->k / w->step, at = k / w->step;
  size_t scaleSteps = w->p->bits == 8 ? 1 : steps;
  size_t scale = row * scaleSteps + (w->p->bits == 8 ? 0 : at * rows);
  return (RoundedRows){rows, w->codes + (row * steps + at * rows) * w->codeBytes, w->scales + scale, w->start + scale, w->offsets + scale};
}

static void round_task(void *data, size_t task) {
  const Work *w = data;
  const QuantizedLinear *p = w->p;
  size_t tiles = (p->m + w->height - 1) / w->height;
  size_t from = tiles * task / w->roundings * w->height, to = least(tiles * (task + 1) / w->roundings * w->height, p->m);
  float *turned = w->turned + task * (p->k + BLOCK);
  for (size_t row = from, rows; row < to; row += rows) {
    rows = height_of(w, row);
    RoundedRows out = rows_at(w, row, rows, 0);
    if (p->bits == 8) w->level->round_int8(p->x + row * p->k, p->k, w->codeBytes, turned, out);
    else w->level->round_int4(p->x + row * p->k, p->k, out);
  }
}

static void part_of(const Work *w, size_t group, size_t k, size_t part) {
  const QuantizedLinear *p = w->p;
  size_t first = group * w->across, panels = least(w->across, w->panels - first), steps = p->k / w->step, at = k / w->step;
  Tile t = {.count = part / w->step, .panels = panels, .isFirst = k == 0, .isLast = k + part == p->k, .ldy = p->n};
  size_t bytes = p->bits == 8 ? PANEL * GROUP : INT4_BLOCK_BYTES;
  t.codeStride = steps * bytes;
  t.codes = p->codes + first * t.codeStride + at * bytes;
  t.scales = p->bits == 8 ? p->scales + first * PANEL : p->scales + (first * steps + at) * PANEL;
  for (size_t row = 0; row < p->m; row += t.rows.rows) {
    t.rows = rows_at(w, row, height_of(w, row), k);
    t.y = p->y + row * p->n + first * PANEL;
    if (p->bits == 8) w->level->int8_tile(&t);
    else w->level->int4_tile(&t);
  }
}

static void share_task(void *data, size_t share) {
  const Work *w = data;
  for (size_t group = w->groups * share / w->shares; group < w->groups * (share + 1) / w->shares; group++)
    for (size_t k = 0; k < w->p->k; k += PART) part_of(w, group, k, least(PART, w->p->k - k));
}

static size_t carve(size_t *at, size_t bytes) {
  size_t start = *at;
  *at = round_up(start + bytes, ALIGNED);
  return start;
}

// Sizes, and where in the scratch memory what lies; with no memory only the bytes of it.
static size_t plan(Work *w, const QuantizedLevel *level, const QuantizedLinear *p, size_t threads, uint8_t *memory) {
  int isInt8 = p->bits == 8;
  *w = (Work){.level = level, .p = p, .height = isInt8 ? level->int8Rows : level->int4Rows, .across = isInt8 ? level->int8Panels : 1};
  w->step = isInt8 ? GROUP : BLOCK;
  w->codeBytes = isInt8 ? level->groupBytes : BLOCK;
  w->panels = p->n / PANEL;
  w->groups = (w->panels + w->across - 1) / w->across;
  w->shares = least(threads == 1 ? 1 : threads * SHARES_A_THREAD, w->groups);
  w->roundings = least(threads, (p->m + w->height - 1) / w->height);
  size_t steps = p->k / w->step, scales = p->m * (isInt8 ? 1 : steps), bytes = 0;
  w->codes = memory + carve(&bytes, p->m * steps * w->codeBytes);
  w->scales = (float *)(memory + carve(&bytes, scales * sizeof(float)));
  w->start = (int32_t *)(memory + carve(&bytes, scales * sizeof(int32_t)));
  w->offsets = (float *)(memory + carve(&bytes, isInt8 ? 0 : scales * sizeof(float)));
  w->turned = (float *)(memory + carve(&bytes, isInt8 ? w->roundings * (p->k + BLOCK) * sizeof(float) : 0));
  return bytes;
}

size_t quantized_scratch_bytes(const QuantizedLevel *level, const QuantizedLinear *p, size_t threads) {
  Work w;
  return plan(&w, level, p, threads, NULL);
}

void quantized_linear(Pool *pool, const QuantizedLevel *level, const QuantizedLinear *p, void *scratch) {
  Work w;
  plan(&w, level, p, pool->threads, scratch);
  pool->run(pool, round_task, &w, w.roundings);
  pool->run(pool, share_task, &w, w.shares);
}
