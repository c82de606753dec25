// Random shapes: rows are rounded to the nearest code, sums of whole numbers are exact, and what is added of them is within rounding.
#include <math.h>
#include <string.h>
#include "../fuzz.h"
#include "../quantized-panels/quantized-panels.h"
#include "quantized-linear.h"

enum { CASES = 150 };

typedef struct {
  QuantizedLinear p;
  uint8_t *checkpoint; // codes in the order of a checkpoint
  float *scales;       // likewise
} Case;

static Case make_case(int bits) {
  size_t m = fuzz_size(1, fuzz_bits() % 4 == 0 ? 70 : 9), n = PANEL * fuzz_size(1, 8);
  size_t k = bits == 4 ? BLOCK * fuzz_size(1, fuzz_bits() % 8 == 0 ? 70 : 6) : GROUP * fuzz_size(1, fuzz_bits() % 8 == 0 ? 600 : 50);
  if (bits == 8 && fuzz_bits() & 1) k = round_up(k, 64);
  size_t panels = n / PANEL, blocks = k / BLOCK, bytes = bits == 8 ? n * k : n * k / 2;
  size_t scaleCount = bits == 8 ? n : n * blocks;
  Case c = {{.bits = bits, .m = m, .n = n, .k = k, .x = fuzz_floats(m * k, 3), .y = malloc(m * n * sizeof(float))}, malloc(bytes), fuzz_floats(scaleCount, 0.1f)};
  int isExtreme = fuzz_bits() % 4 == 0; // the largest codes there are: nothing may saturate
  for (size_t i = 0; i < bytes; i++) c.checkpoint[i] = bits == 4 ? (isExtreme ? 255 : fuzz_bits()) : isExtreme ? 127 : (uint8_t)((int)(fuzz_bits() % 255) - 127);
  if (isExtreme) for (size_t i = 0; i < m * k; i++) ((float *)c.p.x)[i] = 5;
  if (fuzz_bits() % 4 == 0) memset((float *)c.p.x, 0, k * sizeof(float));
  if (bits == 8) {
    uint8_t *codes = malloc(n * k);
    for (size_t panel = 0; panel < panels; panel++) int8_panel((const int8_t *)c.checkpoint, n, k, panel, codes);
    float *scales = malloc(n * sizeof *scales);
    memcpy(scales, c.scales, n * sizeof *scales);
    c.p.codes = codes, c.p.scales = scales;
  } else {
    uint8_t *codes = malloc(panels * blocks * INT4_BLOCK_BYTES);
    float *scales = malloc(panels * blocks * PANEL * sizeof *scales);
    for (size_t panel = 0; panel < panels; panel++) int4_panel(c.checkpoint, c.scales, k, panel, codes, scales);
    c.p.codes = codes, c.p.scales = scales;
  }
  return c;
}

static void free_case(Case *c) {
  free((void *)c->p.x), free((void *)c->p.codes), free((void *)c->p.scales), free(c->p.y), free(c->checkpoint), free(c->scales);
}

// A row by itself, rounded by the level; groups of words back to bytes.
static RoundedRows round_row(const QuantizedLevel *level, const QuantizedLinear *p, size_t row) {
  size_t steps = p->bits == 8 ? 1 : p->k / BLOCK, groups = p->k / GROUP;
  RoundedRows out = {1, malloc(2 * GROUP * groups), malloc(steps * sizeof(float)), malloc(steps * sizeof(int32_t)), malloc(steps * sizeof(float))};
  if (p->bits == 4) {
    level->round_int4(p->x + row * p->k, p->k, out);
    return out;
  }
  float *turned = malloc((p->k + BLOCK) * sizeof *turned);
  level->round_int8(p->x + row * p->k, p->k, level->groupBytes, turned, out);
  free(turned);
  if (level->groupBytes == GROUP) return out;
  for (size_t g = 0; g < groups; g++) {
    int16_t words[4];
    memcpy(words, out.codes + g * sizeof words, sizeof words);
    const int8_t bytes[4] = {(int8_t)words[0], (int8_t)words[2], (int8_t)words[1], (int8_t)words[3]};
    memcpy(out.codes + g * GROUP, bytes, GROUP);
  }
  return out;
}

static double turned_at(const QuantizedLinear *p, size_t row, size_t i) {
  size_t block = turn_block(p->k), start = i / block * block;
  double sum = 0;
  for (size_t j = 0; j < block; j++) sum += (__builtin_popcountl(i % block & j) & 1 ? -1.0 : 1.0) * p->x[row * p->k + start + j];
  return sum / sqrt((double)block);
}

static int is_rounded(const QuantizedLinear *p, size_t row, const RoundedRows *r) {
  size_t step = p->bits == 8 ? p->k : BLOCK;
  for (size_t b = 0; b < p->k / step; b++) {
    double largest = 1e-30;
    int32_t sum = 0;
    for (size_t i = b * step; i < (b + 1) * step; i++) {
      double z = p->bits == 8 ? turned_at(p, row, i) : p->x[row * p->k + i];
      largest = fmax(largest, fabs(z));
      sum += (int8_t)r->codes[i];
      if (!fuzz_near("code", (int8_t)r->codes[i], z / r->scales[b], 0.501, 1)) return 0;
    }
    if (!fuzz_near("scale", r->scales[b], largest / 127, 1e-5, largest / 127)) return 0;
    if (!fuzz_near("start", r->start[b], p->bits == 8 ? -128 * sum : WHOLE_BITS - 8 * sum, 0, 1)) return 0;
  }
  return 1;
}

static int weight_at(const Case *c, size_t n, size_t k) {
  if (c->p.bits == 8) return (int8_t)c->checkpoint[k * c->p.n + n];
  return (c->checkpoint[(n * c->p.k + k) / 2] >> (k % 2 * 4) & 15) - 8;
}

static int is_right(const Case *c, size_t row, const RoundedRows *r) {
  const QuantizedLinear *p = &c->p;
  size_t step = p->bits == 8 ? p->k : BLOCK, blocks = p->k / step;
  for (size_t n = 0; n < p->n; n++) {
    double expected = 0, size = 0;
    for (size_t b = 0; b < blocks; b++) {
      int32_t sum = 0;
      for (size_t i = b * step; i < (b + 1) * step; i++) sum += weight_at(c, n, i) * (int8_t)r->codes[i];
      double scale = p->bits == 8 ? (double)(r->scales[0] * c->scales[n]) : (double)r->scales[b] * c->scales[n * blocks + b];
      double part = p->bits == 8 ? (double)((float)sum * (float)scale) : sum * scale;
      expected += part;
      size += fabs(part);
    }
    if (!fuzz_near(p->bits == 8 ? "int8" : "int4", p->y[row * p->n + n], expected, p->bits == 8 ? 0 : 1e-6, size)) return 0;
  }
  return 1;
}

static int try_case(const QuantizedLevel *level, int bits) {
  Case c = make_case(bits);
  size_t bytes = quantized_scratch_bytes(level, &c.p, fuzz_pool.threads);
  void *scratch = aligned_alloc(64, round_up(bytes, 64));
  memset(scratch, 255, bytes); // NaN: what is read must have been written
  quantized_linear(&fuzz_pool, level, &c.p, scratch);
  int isRight = 1;
  for (size_t row = 0; row < c.p.m && isRight; row++) {
    RoundedRows r = round_row(level, &c.p, row);
    isRight = is_rounded(&c.p, row, &r) && is_right(&c, row, &r);
    free(r.codes), free(r.scales), free(r.start), free(r.offsets);
  }
  if (!isRight) printf("m %zu, n %zu, k %zu\n", c.p.m, c.p.n, c.p.k);
  free(scratch);
  free_case(&c);
  return isRight;
}

int main(void) {
  const Cpu cpu = cpu_detect();
  const QuantizedLevel *const levels[] = {&quantized_scalar, cpu.level >= LEVEL_AVX2 ? &quantized_avx2 : NULL, cpu.level >= LEVEL_AVX512 ? &quantized_avx512 : NULL, cpu.vnni ? &quantized_vnni : NULL};
  const char *const names[] = {"scalar", "avx2", "avx512", "vnni"};
  for (size_t level = 0; level < 4; level++)
    for (int i = 0; i < CASES && levels[level] != NULL; i++) {
      if (try_case(levels[level], i % 2 == 0 ? 8 : 4)) continue;
      printf("quantized-linear, %s: case %d\n", names[level], i);
      return 1;
    }
  printf("quantized-linear: %d cases on each level of this processor\n", CASES);
}
