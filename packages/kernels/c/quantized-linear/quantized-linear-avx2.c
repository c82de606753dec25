// AVX2.
#include "words.h"
#include "tiles.h"
const QuantizedLevel quantized_avx2 = {4, 1, GROUP_BYTES, 4, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
