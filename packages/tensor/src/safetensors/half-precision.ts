// float32 to two-byte floats, as the 16 bits of a Uint16Array.

/** Rounds to the nearest bfloat16, ties to the even one, as PyTorch does; a NaN stays a NaN. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    // Adding just under half of the last kept bit, and that bit itself, carries exactly when rounding up is due.
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Rounds to the nearest IEEE binary16 (1 sign, 5 exponent and 10 fraction bits), ties to the even one; a NaN stays a NaN. */
export function toFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  const sum = new Float32Array(1);
  const sumWord = new Uint32Array(sum.buffer);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const size = word & 0x7fffffff;
    let half: number;
    if (size > 0x7f800000) half = 0x7e00;
    else if (size >= 0x477ff000) half = 0x7c00; // from 65520 on
    else if (size < 0x38800000) {
      // Subnormal: added to 1/2, the fraction ends at binary16's last bit, 2^-24, and the hardware rounds.
      sum[0] = Math.abs(values[i]!) + 0.5;
      half = sumWord[0]! - 0x3f000000;
    } else half = (size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13;
    bits[i] = ((word >>> 16) & 0x8000) | half;
  }
  return bits;
}
