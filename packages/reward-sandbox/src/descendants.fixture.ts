import { descendantsOf } from "./local/memory-watch.ts";

/** Every process below this one. Asks the kernel for children alone: whoever looks every few milliseconds cannot read all of /proc. */
export const descendants = (): number[] => descendantsOf(process.pid);
