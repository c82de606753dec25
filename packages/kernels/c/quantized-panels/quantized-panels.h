// Weights from a checkpoint's order into the panels of quantized-linear.h, once, when a model is loaded. Nothing is computed:
// bytes n k (int8) or 5/8 n k (int4), read and written.
#pragma once
#include <stddef.h>
#include <stdint.h>

// One panel of codes int8 [k][n]: 4 k of a column side by side, 128 added.
void int8_panel(const int8_t *codes, size_t n, size_t k, size_t panel, uint8_t *panels);
// One panel of codes uint8 [n][k / 32][16], k and k + 1 to a byte, and of scales [n][k / 32]: k and k + 4 to a byte.
void int4_panel(const uint8_t *codes, const float *scales, size_t k, size_t panel, uint8_t *panels, float *panelScales);
