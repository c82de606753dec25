// What is the same on all instruction sets: all parameters are cut into pieces of equal size, which are the tasks.
#include "adamw.h"
#include <math.h>
#include <string.h>

enum { PIECE = 16384 }; // 64 KB of each array: many tasks, and norms whose rounding does not grow with a parameter's size

typedef struct {
  const AdamWLoops *loops;
  const AdamWParameter *parameters;
  AdamWFactors factors;
  bool is_frozen;
  double *sums; // of squares, one a piece
} Job;

static size_t pieces_of(const AdamWParameter *parameter) { return (parameter->size + PIECE - 1) / PIECE; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Piece `index` of all, as a parameter of its own.
static AdamWParameter piece_at(const AdamWParameter *parameter, size_t index) {
  for (; index >= pieces_of(parameter); parameter++) index -= pieces_of(parameter);
  const size_t from = index * PIECE;
  AdamWParameter piece = *parameter;
  piece.p += from, piece.g += from, piece.m += from, piece.v += from;
  piece.p_out += from, piece.m_out += from, piece.v_out += from;
  piece.size = smaller(PIECE, parameter->size - from);
  return piece;
}

static void norm_task(void *data, size_t index) {
  const Job *job = data;
  const AdamWParameter piece = piece_at(job->parameters, index);
  job->sums[index] = job->loops->sum_squares(piece.g, piece.size);
}

static void keep(float *out, const float *in, size_t size) {
  if (out != in) memcpy(out, in, size * sizeof *out);
}

static void update_task(void *data, size_t index) {
  const Job *job = data;
  const AdamWParameter piece = piece_at(job->parameters, index);
  if (!job->is_frozen) {
    job->loops->update(&piece, &job->factors);
    return;
  }
  keep(piece.p_out, piece.p, piece.size);
  keep(piece.m_out, piece.m, piece.size);
  keep(piece.v_out, piece.v, piece.size);
}

size_t adamw_scratch(const AdamWParameter *parameters, size_t count) {
  size_t pieces = 0;
  for (size_t i = 0; i < count; i++) pieces += pieces_of(&parameters[i]);
  return pieces;
}

// Fills norms from the sums of the pieces; gives the global one. A sum beyond float32 is infinite, as it is in the graph: its
// squares would be in v.
static float take_norms(const AdamWParameter *parameters, size_t count, const double *sums, float *norms) {
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    double sum = 0;
    for (size_t left = pieces_of(&parameters[i]); left > 0; left--) sum += *sums++;
    norms[i] = sqrtf((float)sum);
    total += sum;
  }
  return norms[count] = sqrtf((float)total);
}

void adamw(const AdamWLoops *loops, Pool *pool, const AdamWParameter *parameters, size_t count, const AdamWStep *step, float *norms, double *scratch) {
  const size_t pieces = adamw_scratch(parameters, count);
  Job job = {.loops = loops, .parameters = parameters, .factors = step->factors, .sums = scratch};
  pool->run(pool, norm_task, &job, pieces);

  const float norm = take_norms(parameters, count, scratch, norms);
  job.is_frozen = !(isfinite(norm) && isfinite(step->loss));
  const double clip = (double)step->max_grad_norm / ((double)norm + 1e-6);
  if (clip < 1) {
    job.factors.add_m = (float)(job.factors.add_m * clip);
    job.factors.add_v = (float)(job.factors.add_v * clip * clip);
  }
  pool->run(pool, update_task, &job, pieces);
}
