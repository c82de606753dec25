// Sets of small numbers as bits, 32 to a word.

/** The empty set of numbers below `size`. */
export function emptyBits(size: number): Int32Array {
  return new Int32Array(Math.ceil(size / 32));
}

export function put(set: Int32Array, number: number): void {
  set[number >>> 5]! |= 1 << (number & 31);
}

export function isIn(set: Int32Array, number: number): boolean {
  return ((set[number >>> 5]! >>> (number & 31)) & 1) === 1;
}

export function addAll(set: Int32Array, others: Int32Array): void {
  for (let word = 0; word < set.length; word++) set[word]! |= others[word]!;
}

/** Whether a number is in both. */
export function meet(one: Int32Array, other: Int32Array): boolean {
  for (let word = 0; word < one.length; word++) if ((one[word]! & other[word]!) !== 0) return true;
  return false;
}

/** Ascending. */
export function listOf(set: Int32Array): Int32Array {
  const numbers: number[] = [];
  for (let word = 0; word < set.length; word++)
    for (let rest = set[word]!; rest !== 0; rest &= rest - 1) numbers.push(word * 32 + 31 - Math.clz32(rest & -rest));
  return Int32Array.from(numbers);
}
