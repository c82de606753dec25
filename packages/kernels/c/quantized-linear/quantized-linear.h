// y = x W^T with weights of 8 or 4 bits, x [m, k] float32, W [n, k], y [m, n] float32.
//
//   int8   z = x H in blocks of up to 64 (a turn, undone in W),  s_i = max|z_i| / 127,  q = round(z / s_i),
//          y_in = s_i c_n sum_k q_ik w_nk                              the sum is exact in whole numbers
//   int4   s_ib = max|x_ib| / 127 of a block b of 32,               q = round(x / s_ib),
//          y_in = sum_b s_ib c_nb sum_(k in b) q_ik w_nk               each inner sum is exact
//
// Weights lie in panels of 16 columns n, so that a vector instruction reads four k of each column at once:
//   int8   codes [n / 16][k / 4][16][4], a byte each: w + 128;  scales [n]
//   int4   codes [n / 16][k / 32][4][16][4], two to a byte: w + 8 of k = 8 j + t in the low half, of k = 8 j + 4 + t in the high;
//          scales [n / 16][k / 32][16]
// n is a multiple of 16 and k of 4 or 32: other matrices stay as they are, and are ONNX Runtime's. Codes are never negative and rows are: then instructions that multiply unsigned by signed
// bytes fit, and what the shift adds, 128 or 8 times the sum of a row's codes, is taken off once a row or block.
//
// Operations: 2 m n k. Bytes: n k (int8) or 5/8 n k (int4) of weights, read once however many the rows; 4 m (n + k).
#pragma once
#include <math.h>
#include "../pool.h"
#include <stddef.h>
#include <stdint.h>

enum { PANEL = 16, GROUP = 4, BLOCK = 32, MOST_ROWS = 16, LARGEST_CODE = 127, INT4_BLOCK_BYTES = PANEL * BLOCK / 2 };
#define SMALLEST 1e-30f // rows of zeros get this over 127 for a scale

// Added to a whole number below 2^22, WHOLE leaves it in the low bits of a float: a sum that begins with WHOLE's bits is a float without
// being converted. It is taken off while the scale is multiplied in, exactly, since scales of int4 rows end in two zero bits.
#define WHOLE 12582912.0f // 1.5 x 2^23
enum { WHOLE_BITS = 0x4b400000 };

// Four bytes: between the parts of k, int8 keeps whole numbers where its results will be.
typedef union { float f; int32_t i; } Word;

// The scale of an int4 row's block, from its largest magnitude: one step of 2^-21 larger at most.
static inline float block_scale(float largest) {
  Word scale = {.f = largest / LARGEST_CODE};
  if (scale.f < INFINITY) scale.i = (scale.i + 3) & ~3;
  return scale.f;
}

static inline size_t round_up(size_t x, size_t to) { return (x + to - 1) / to * to; }

// The block in which a width is turned: the largest power of two up to 64 that divides it.
static inline size_t turn_block(size_t k) {
  size_t block = 1;
  while (block < 64 && k % (2 * block) == 0) block *= 2;
  return block;
}

typedef struct {
  int bits; // 8 or 4
  size_t m, n, k;
  const float *x;
  const uint8_t *codes;
  const float *scales;
  float *y;
} QuantizedLinear;

// A few rows rounded to 8 bits, as a tile reads them. An int8 group is four codes of a row, of `groupBytes` together.
typedef struct {
  size_t rows;
  uint8_t *codes; // int8: [k / 4][rows] groups;  int4: [k / 32][rows][32] bytes
  float *scales;  // int8: [rows];  int4: [k / 32][rows]
  int32_t *start; // where a sum begins: minus what the shift of the weights' codes adds; of int4 plus WHOLE's bits
  float *offsets; // int4: -WHOLE times the scale;  int8: none
} RoundedRows;

// A tile of the product: some rows by some panels, over a part of k.
typedef struct {
  RoundedRows rows;      // from the part's first group or block on
  size_t count;          // groups (int8) or blocks (int4) of the part
  size_t panels;         // side by side
  const uint8_t *codes;  // of the first panel, from the part's first group or block on
  size_t codeStride;     // bytes from panel to panel
  const float *scales;   // likewise
  size_t scaleStride;
  float *y;
  size_t ldy;
  int isFirst, isLast;   // part of k; between parts int8 keeps its whole numbers in y
} Tile;

// What an instruction set brings along. Tiles have the heights 16, 8, 4, 2 and 1, up to the given one.
typedef struct {
  size_t int8Rows, int8Panels, groupBytes;
  size_t int4Rows;
  void (*round_int8)(const float *x, size_t k, size_t groupBytes, float *turned, RoundedRows out);
  void (*round_int4)(const float *x, size_t k, RoundedRows out);
  void (*int8_tile)(const Tile *);
  void (*int4_tile)(const Tile *); // of one panel
} QuantizedLevel;

extern const QuantizedLevel quantized_scalar, quantized_avx2, quantized_avx512, quantized_vnni;

size_t quantized_scratch_bytes(const QuantizedLevel *, const QuantizedLinear *, size_t threads);
void quantized_linear(Pool *, const QuantizedLevel *, const QuantizedLinear *, void *scratch);

// Weights that are read once come from memory: the processor's own prefetch stops at the end of each page of 4096 bytes.
enum { AHEAD = 2048, PREFETCHED_ROWS = 8 };
static inline __attribute__((always_inline)) void prefetch_ahead(const uint8_t *p, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + AHEAD + i);
}

