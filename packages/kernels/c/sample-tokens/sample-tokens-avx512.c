#include "sample-loops.h"

const SampleLoops sample_avx512 = {largest, find, scale, sum, sum_exp, sums_above, sums_from, between};
