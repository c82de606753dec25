import { existsSync, readFileSync } from "node:fs";

const schedule = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Milliseconds for which the main thread has been on a processor, the kernel's work for it included. ONNX Runtime works on
 * other threads, so between two points of a benchmark this is what JavaScript cost.
 *
 * @returns `undefined` where the system does not tell (all but Linux)
 */
export function mainThreadMilliseconds(): number | undefined {
  return existsSync(schedule) ? Number(readFileSync(schedule, "utf8").split(" ")[0]) / 1e6 : undefined;
}
