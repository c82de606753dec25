// Packing: rows of op(A), or of op(B) transposed, as panels of `width` rows of 32-bit words along k:
//
//   word w of row r lies at [r / width][w][r % width],   w < depth = ceil(k / K_PER_WORD)
//
// so that the inner loop reads one word of all the panel's rows, then the next word. What a word is, the instruction set says
// (blocked.h). Rows and numbers that are not there are zeros.

// Element (row, l) lies at data[row * ld + l], or at data[l * ld + row] if `across`.
typedef struct {
  const float *data;
  size_t ld;
  int across;
} Operand;

enum { AHEAD = 8 }; // words along k that are asked for before they are packed

static inline size_t depth_of(size_t k) { return (k + K_PER_WORD - 1) / K_PER_WORD; }

// Word w of LANES rows from `row` on, a multiple of LANES: into one panel, or into two of ROWS rows, half a vector wide.
INLINE void store_words(uint32_t *panels, size_t width, size_t depth, size_t row, size_t w, Words words) {
  if (width == ROWS) store_halves(panels + row * depth + w * ROWS, panels + (row + ROWS) * depth + w * ROWS, words);
  else store(panels + w * width + row, words);
}

// The numbers of a row follow one another: LANES rows times LANES words are read along the rows and turned.
INLINE void pack_along(Operand o, size_t rows, size_t k, size_t width, uint32_t *panels) {
  size_t depth = depth_of(k);
  for (size_t row = 0; row < rows; row += LANES) {
    for (size_t w = 0; w < depth; w += LANES) {
      Words block[LANES];
      for (size_t r = 0; r < LANES; r++)
        block[r] = row + r < rows ? words_along(o.data + (row + r) * o.ld + w * K_PER_WORD, k - w * K_PER_WORD) : no_words();
      transpose(block);
      for (size_t i = 0; i < LANES && w + i < depth; i++) store_words(panels, width, depth, row, w + i, block[i]);
    }
  }
}

// The same number of all rows follows one another.
INLINE void pack_across(Operand o, size_t rows, size_t k, size_t width, uint32_t *panels) {
  size_t depth = depth_of(k);
  for (size_t w = 0; w < depth; w++) {
    const float *first = o.data + w * K_PER_WORD * o.ld;
    for (size_t row = 0; row < rows; row += LANES) {
      __builtin_prefetch(first + AHEAD * K_PER_WORD * o.ld + row); // each is on another page, where the processor foresees nothing
      const float *second = w * K_PER_WORD + 1 < k ? first + o.ld + row : NULL;
      store_words(panels, width, depth, row, w, words_across(first + row, second, rows - row));
    }
  }
}

// `rows` rows from `row` on, k numbers from k0 on: into panels of ROWS rows, or into one panel of `width`.
static void pack(Operand o, size_t row, size_t rows, size_t k0, size_t k, size_t width, uint32_t *panels) {
  o.data += o.across ? k0 * o.ld + row : row * o.ld + k0;
  if (o.across) pack_across(o, rows, k, width, panels);
  else pack_along(o, rows, k, width, panels);
}
