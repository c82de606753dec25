// From a checkpoint's order into panels, a byte at a time: once, when a model is loaded.
#include "quantized-linear.h"

size_t int8_panel_bytes(size_t n, size_t k) { return round_up(n, PANEL) * round_up(k, GROUP); }

void int8_panels(const int8_t *codes, size_t n, size_t k, size_t firstPanel, size_t lastPanel, uint8_t *panels) {
  for (size_t panel = firstPanel; panel < lastPanel; panel++)
    for (size_t g = 0; g < round_up(k, GROUP) / GROUP; g++)
      for (size_t c = 0; c < PANEL; c++)
        for (size_t i = 0; i < GROUP; i++) {
          size_t row = panel * PANEL + c, at = g * GROUP + i;
          uint8_t *to = panels + panel * PANEL * round_up(k, GROUP) + (g * PANEL + c) * GROUP + i;
          *to = (uint8_t)(128 + (row < n && at < k ? codes[at * n + row] : 0));
        }
}

void int4_panels(const uint8_t *codes, const float *scales, size_t n, size_t k, size_t firstPanel, size_t lastPanel, uint8_t *panels, float *panelScales) {
  size_t blocks = k / BLOCK;
  for (size_t panel = firstPanel; panel < lastPanel; panel++)
    for (size_t b = 0; b < blocks; b++)
      for (size_t c = 0; c < PANEL; c++) {
        size_t row = panel * PANEL + c;
        int isThere = row < n;
        const uint8_t *from = codes + (row * blocks + b) * BLOCK / 2;
        panelScales[(panel * blocks + b) * PANEL + c] = isThere ? scales[row * blocks + b] : 0;
        for (size_t i = 0; i < BLOCK / 2; i++) { // byte i of a panel's block: k = 8 (i / 4) + i % 4, and four further
          size_t low = 8 * (i / GROUP) + i % GROUP;
          uint8_t a = isThere ? from[low / 2] >> (low % 2 * 4) & 15 : 8, z = isThere ? from[low / 2 + 2] >> (low % 2 * 4) & 15 : 8;
          panels[(panel * blocks + b) * INT4_BLOCK_BYTES + (i / GROUP * PANEL + c) * GROUP + i % GROUP] = a | z << 4;
        }
      }
}
