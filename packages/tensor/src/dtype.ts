/** Element types. Booleans are stored as one byte of 0 or 1. */
export type DType = "float32" | "int32" | "bool";

export type TypedArray = Float32Array | Int32Array | Uint8Array;

const constructors = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

export function allocate(dtype: DType, length: number): TypedArray {
  // An explicit ArrayBuffer: small typed arrays may live on V8's moving heap, and native code keeps these addresses.
  return new constructors[dtype](new ArrayBuffer(length * constructors[dtype].BYTES_PER_ELEMENT));
}

export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  return data instanceof Int32Array ? "int32" : "bool";
}
