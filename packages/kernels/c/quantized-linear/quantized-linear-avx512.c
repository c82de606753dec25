// AVX-512 without VNNI.
#include "words.h"
#include "tiles.h"
const QuantizedLevel quantized_avx512 = {8, 2, GROUP_BYTES, 8, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
