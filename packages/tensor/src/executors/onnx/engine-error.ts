import { DiffuCoderError, OutOfMemoryError } from "@diffucoder/core";

/** How ONNX Runtime says that memory ran out: an arena at its limit, the system's allocator, C++'s. */
const outOfMemory = [/smaller than requested bytes of (\d+)/, /requested buffer of size (\d+)/, /bad_alloc/];

/** What went wrong in ONNX Runtime, from its message. */
export function engineError(message: string, cause?: unknown): DiffuCoderError {
  for (const pattern of outOfMemory) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const node = /while running (\w+) node/.exec(message)?.[1];
    return new OutOfMemoryError({
      what: node === undefined ? "ONNX Runtime" : `ONNX Runtime's ${node}`,
      bytes: match[1] === undefined ? undefined : Number(match[1]),
      cause,
    });
  }
  return new DiffuCoderError("ENGINE", `ONNX Runtime: ${message}`, { cause });
}
