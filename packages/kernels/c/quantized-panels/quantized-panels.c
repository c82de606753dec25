#include "quantized-panels.h"
#include <string.h>
#include "../quantized-linear/quantized-linear.h"

void int8_panel(const int8_t *codes, size_t n, size_t k, size_t panel, uint8_t *panels) {
  uint8_t *to = panels + panel * PANEL * k;
  for (size_t g = 0; g < k; g += GROUP)
    for (size_t c = 0; c < PANEL; c++)
      for (size_t i = 0; i < GROUP; i++) *to++ = (uint8_t)codes[(g + i) * n + panel * PANEL + c] ^ 128;
}

// Two bytes hold k = 0, 1 and 2, 3 of four; two more, two bytes further, the next four.
static void pair_up(const uint8_t *from, uint8_t *to) {
  for (size_t i = 0; i < GROUP; i++) {
    const size_t half = i % 2 * 4;
    to[i] = (uint8_t)((from[i / 2] >> half & 15) | (from[i / 2 + 2] >> half & 15) << 4);
  }
}

void int4_panel(const uint8_t *codes, const float *scales, size_t k, size_t panel, uint8_t *panels, float *panelScales) {
  const size_t blocks = k / BLOCK;
  for (size_t b = 0; b < blocks; b++)
    for (size_t c = 0; c < PANEL; c++) {
      const size_t from = (panel * PANEL + c) * blocks + b, to = panel * blocks + b;
      panelScales[to * PANEL + c] = scales[from];
      for (size_t j = 0; j < 4; j++) pair_up(codes + from * BLOCK / 2 + j * GROUP, panels + to * INT4_BLOCK_BYTES + (j * PANEL + c) * GROUP);
    }
}
