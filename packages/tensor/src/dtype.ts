import { OutOfMemoryError } from "@diffucoder/core";

/** Element types. Booleans are stored as one byte of 0 or 1; int8 and uint8 hold the codes of quantized weights. */
export type DType = "float32" | "int32" | "bool" | "int8" | "uint8";

/** What holds the elements of an array: float32, int32, int8, or uint8 and bool. */
export type TypedArray = Float32Array | Int32Array | Int8Array | Uint8Array;

const constructors = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, int8: Int8Array, uint8: Uint8Array } as const;

/** Zeros. @throws {OutOfMemoryError} */
export function allocate(dtype: DType, length: number): TypedArray {
  const bytes = bytesOf(dtype, length);
  try {
    // An explicit ArrayBuffer: small typed arrays may live on V8's moving heap, and native code keeps these addresses.
    return new constructors[dtype](new ArrayBuffer(bytes));
  } catch (cause) {
    throw new OutOfMemoryError({ what: `An array of ${length} elements`, bytes, cause });
  }
}

/** Bytes of so many elements. */
export function bytesOf(dtype: DType, length: number): number {
  return length * constructors[dtype].BYTES_PER_ELEMENT;
}

/** The dtype of elements; bytes without a sign are booleans unless it is said otherwise. */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  return data instanceof Int8Array ? "int8" : "bool";
}

/** Whether an array can hold elements of a dtype. */
export function canHold(data: TypedArray, dtype: DType): boolean {
  return data instanceof constructors[dtype];
}
