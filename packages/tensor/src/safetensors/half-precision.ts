// Two-byte floats as the 16 bits of a Uint16Array.

/** bfloat16 is the upper half of a float32. */
export function fromBfloat16(bits: Uint16Array, target: Float32Array): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16;
}

/** Rounds to the nearest bfloat16, ties to the even one, as PyTorch does; a NaN stays a NaN. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    // Adding just under half of the last kept bit, and that bit itself, carries exactly when rounding up is due.
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** IEEE binary16: 1 sign, 5 exponent and 10 fraction bits. */
export function fromFloat16(bits: Uint16Array, target: Float32Array): void {
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] as number;
    const sign = half >>> 15 ? -1 : 1;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) target[i] = fraction === 0 ? sign * Infinity : Number.NaN;
    else if (exponent === 0) target[i] = sign * fraction * 2 ** -24;
    else target[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
}
