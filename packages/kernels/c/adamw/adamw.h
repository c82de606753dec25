// Clipping by the global norm and one step of AdamW over all parameters, in two passes: one reads the gradients for their norms,
// one updates. With n = sqrt(sum of all g^2) and s = min(1, max_grad_norm / (n + 1e-6)), step k:
//   m = b1 m + (1 - b1) s g          v = b2 v + (1 - b2) (s g)^2
//   p = p (1 - lr wd) - (lr c2 / c1) m / (sqrt(v) + eps c2),   c1 = 1 - b1^k,  c2 = sqrt(1 - b2^k)
// If n or the loss is not finite, p, m and v stay as they are, bit for bit.
//
// Each parameter: 4 bytes read for the norm; 16 read and 12 written for the step; 2 + 13 operations. Memory bounds it: 32 bytes
// a parameter at 10 GB/s are 3.2 ns, and a core does the operations in 0.5.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "../pool.h"

// One parameter. An output may be its input's memory; no other memory overlaps.
typedef struct {
  const float *p, *g, *m, *v;
  float *p_out, *m_out, *v_out;
  size_t size;
  bool decays;
} AdamWParameter;

// What a step multiplies by, for all parameters.
typedef struct {
  float keep_m, add_m, keep_v, add_v, keep_p, step_size, smallest;
} AdamWFactors;

// One instruction set's loops over a piece of one parameter.
typedef struct {
  double (*sum_squares)(const float *g, size_t count);
  void (*update)(const AdamWParameter *piece, const AdamWFactors *factors);
} AdamWLoops;

extern const AdamWLoops adamw_scalar, adamw_avx2, adamw_avx512;

typedef struct {
  AdamWFactors factors; // add_m and add_v before clipping
  float max_grad_norm, loss;
} AdamWStep;

// Doubles of scratch memory that `adamw` wants.
size_t adamw_scratch(const AdamWParameter *parameters, size_t count);

// norms: one for each parameter, and the global one after them.
void adamw(const AdamWLoops *loops, Pool *pool, const AdamWParameter *parameters, size_t count, const AdamWStep *step, float *norms, double *scratch);
