// Random parameters, in place and beside, against the equation in double precision; frozen steps bit for bit.
#include <string.h>
#include "../fuzz.h"
#include "adamw.h"

enum { MOST = 6, CASES = 60 };

typedef struct {
  size_t count;
  AdamWParameter parameters[MOST]; // as the kernel gets them
  AdamWParameter before[MOST];     // copies of their inputs
} Case;

static float *copy_of(const float *values, size_t size) {
  float *copy = malloc((size > 0 ? size : 1) * sizeof *copy);
  memcpy(copy, values, size * sizeof *copy);
  return copy;
}

static float *squares_of(float *values, size_t size) {
  for (size_t i = 0; i < size; i++) values[i] *= values[i];
  return values;
}

static Case make_case(bool in_place) {
  Case c = {.count = fuzz_size(1, MOST)};
  for (size_t i = 0; i < c.count; i++) {
    const size_t size = fuzz_bits() % 8 == 0 ? fuzz_size(16000, 40000) : fuzz_size(0, 70);
    float *p = fuzz_floats(size, 2), *g = fuzz_floats(size, 3), *m = fuzz_floats(size, 1), *v = squares_of(fuzz_floats(size, 1), size);
    c.before[i] = (AdamWParameter){.p = copy_of(p, size), .g = g, .m = copy_of(m, size), .v = copy_of(v, size), .size = size, .decays = fuzz_bits() & 1};
    c.parameters[i] = c.before[i];
    c.parameters[i].p_out = p, c.parameters[i].m_out = m, c.parameters[i].v_out = v;
    if (in_place) c.parameters[i].p = p, c.parameters[i].m = m, c.parameters[i].v = v;
  }
  return c;
}

static void free_case(Case *c) {
  for (size_t i = 0; i < c->count; i++) {
    const float *arrays[] = {c->before[i].p, c->before[i].g, c->before[i].m, c->before[i].v};
    for (size_t j = 0; j < 4; j++) free((void *)arrays[j]);
    free(c->parameters[i].p_out), free(c->parameters[i].m_out), free(c->parameters[i].v_out);
  }
}

static double norm_of(const AdamWParameter *parameter) {
  double sum = 0;
  for (size_t i = 0; i < parameter->size; i++) sum += (double)parameter->g[i] * parameter->g[i];
  return sqrt(sum);
}

static bool is_right(const Case *c, const AdamWStep *step, const float *norms) {
  double total = 0;
  for (size_t i = 0; i < c->count; i++) {
    const double norm = norm_of(&c->before[i]);
    total += norm * norm;
    if (!fuzz_near("norm", norms[i], norm, 1e-6, norm)) return false;
  }
  const double norm = sqrt(total), clip = fmin(1, step->max_grad_norm / (norm + 1e-6));
  if (!fuzz_near("global norm", norms[c->count], norm, 1e-6, norm)) return false;
  const AdamWFactors *f = &step->factors;
  for (size_t i = 0; i < c->count; i++) {
    const AdamWParameter *was = &c->before[i], *now = &c->parameters[i];
    for (size_t j = 0; j < was->size; j++) {
      const double g = clip * was->g[j];
      const double m = (double)was->m[j] * f->keep_m + g * f->add_m, v = (double)was->v[j] * f->keep_v + g * g * f->add_v;
      const double p = (double)was->p[j] * (was->decays ? f->keep_p : 1) - (double)f->step_size * m / (sqrt(v) + f->smallest);
      if (!fuzz_near("m", now->m_out[j], m, 1e-6, 3) || !fuzz_near("v", now->v_out[j], v, 1e-6, 9)) return false;
      if (!fuzz_near("p", now->p_out[j], p, 1e-6, 2 + fabs(p))) return false;
    }
  }
  return true;
}

static bool is_frozen(const Case *c) {
  for (size_t i = 0; i < c->count; i++) {
    const AdamWParameter *was = &c->before[i], *now = &c->parameters[i];
    const size_t bytes = was->size * sizeof(float);
    if (memcmp(now->p_out, was->p, bytes) != 0 || memcmp(now->m_out, was->m, bytes) != 0 || memcmp(now->v_out, was->v, bytes) != 0) return false;
  }
  return true;
}

static bool try_case(const AdamWLoops *loops, bool in_place, bool bad_loss, bool bad_gradient) {
  Case c = make_case(in_place);
  if (bad_gradient && c.before[0].size > 0) ((float *)c.before[0].g)[fuzz_size(0, c.before[0].size - 1)] = INFINITY;
  else bad_gradient = false;
  const AdamWStep step = {
      .factors = {.keep_m = 0.9f, .add_m = 0.1f, .keep_v = 0.99f, .add_v = 0.01f, .keep_p = 0.999f, .step_size = 0.01f, .smallest = 1e-3f},
      .max_grad_norm = fuzz_bits() & 1 ? 1 : 1e6f,
      .loss = bad_loss ? NAN : 1,
  };
  float norms[MOST + 1];
  double *sums = malloc(adamw_scratch(c.parameters, c.count) * sizeof *sums + 1);
  adamw(loops, &fuzz_pool, c.parameters, c.count, &step, norms, sums);
  const bool right = bad_loss || bad_gradient ? is_frozen(&c) : is_right(&c, &step, norms);
  free(sums);
  free_case(&c);
  return right;
}

int main(void) {
  const Cpu cpu = cpu_detect();
  for (Level level = LEVEL_SCALAR; level <= fuzz_last_level(); level++) {
    const AdamWLoops *loops = BEST_OF(cpu_at_most(cpu, level), &adamw_scalar, &adamw_avx2, &adamw_avx512);
    for (int i = 0; i < CASES; i++) {
      const bool bad_loss = i % 5 == 3, bad_gradient = i % 5 == 4;
      if (try_case(loops, i % 2 == 0, bad_loss, bad_gradient)) continue;
      printf("adamw, %s: case %d\n", fuzz_level_name(level), i);
      return 1;
    }
  }
  printf("adamw: %d cases on each level up to %s\n", CASES, fuzz_level_name(fuzz_last_level()));
}
