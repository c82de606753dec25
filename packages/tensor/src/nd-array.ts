import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { allocate, canHold, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Elements on a device, where an executor left them. */
export interface DeviceData {
  /** A copy in this process's memory. */
  download(): TypedArray;
  /** Gives up the memory on the device. */
  free(): void;
}

/** A dense row-major array in memory: what goes into a compiled function and what comes out of it. */
export class NdArray {
  /** Length of each axis; `[]` for a scalar. */
  readonly shape: Shape;
  /** Type of the elements. */
  readonly dtype: DType;
  #data: TypedArray | undefined;
  #deviceData: DeviceData | undefined;

  /** @param dtype needed for `"uint8"`, as a plain Uint8Array holds booleans, and for what is on a device */
  constructor(data: TypedArray, shape: Shape, dtype?: DType);
  constructor(data: DeviceData, shape: Shape, dtype: DType);
  constructor(data: TypedArray | DeviceData, shape: Shape, dtype = dtypeOf(data as TypedArray)) {
    this.shape = shape;
    this.dtype = dtype;
    if (!ArrayBuffer.isView(data)) {
      this.#deviceData = data;
      return;
    }
    if (data.length !== sizeOf(shape)) {
      throw new ShapeError({ argument: "data", shape: [data.length], expected: `${sizeOf(shape)} elements for shape [${shape.join(", ")}]` });
    }
    if (!canHold(data, dtype))
      throw new InvalidArgumentError({ argument: "dtype", value: dtype, expected: `one that a ${data.constructor.name} holds` });
    this.#data = data;
  }

  /** The elements; a view, not a copy. @throws {InvalidArgumentError} if the array was donated to a compiled function */
  get data(): TypedArray {
    if (this.#deviceData !== undefined) {
      // The caller may change the elements: from now on they are here and nowhere else.
      this.#data = this.#deviceData.download();
      this.#deviceData.free();
      this.#deviceData = undefined;
    }
    if (this.#data === undefined) {
      throw new InvalidArgumentError({
        argument: "array",
        value: `[${this.shape.join(", ")}]`,
        expected: "an array that was not donated",
        wayOut: "A compiled function took its memory: use the array that the function returned in its place.",
      });
    }
    return this.#data;
  }

  /** Where the elements are if nobody has read them since an executor left them on a device. */
  get deviceData(): DeviceData | undefined {
    return this.#deviceData;
  }

  /** Gives up the memory, so that a later read is an error and not a surprise. */
  release(): void {
    this.#deviceData?.free();
    this.#deviceData = undefined;
    this.#data = undefined;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The only element of an array of size 1. */
  item(): number {
    if (this.size !== 1) throw new ShapeError({ argument: "array", shape: this.shape, expected: "one element" });
    return this.data[0]!;
  }

  /** An array of its own with the same elements. */
  clone(): NdArray {
    const data = allocate(this.dtype, this.size);
    data.set(this.data);
    return new NdArray(data, this.shape, this.dtype);
  }
}

/** A float32 array; the shape defaults to one axis. */
export function float32(values: ArrayLike<number>, shape: Shape = [values.length]): NdArray {
  return filled("float32", values, shape);
}

/** An int32 array; the shape defaults to one axis. */
export function int32(values: ArrayLike<number>, shape: Shape = [values.length]): NdArray {
  return filled("int32", values, shape);
}

/** A boolean array from 0 and 1; the shape defaults to one axis. */
export function bool(values: ArrayLike<number>, shape: Shape = [values.length]): NdArray {
  return filled("bool", values, shape);
}

/** A float32 scalar. */
export function scalar(value: number): NdArray {
  return float32([value], []);
}

/** An array of zeros. */
export function zerosArray(shape: Shape, dtype: DType = "float32"): NdArray {
  return new NdArray(allocate(dtype, sizeOf(shape)), shape, dtype);
}

function filled(dtype: DType, values: ArrayLike<number>, shape: Shape): NdArray {
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError({ argument: "values", shape: [values.length], expected: `${sizeOf(shape)} elements for shape [${shape.join(", ")}]` });
  }
  const data = allocate(dtype, values.length);
  data.set(values);
  return new NdArray(data, shape);
}
