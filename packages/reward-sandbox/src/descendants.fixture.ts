import { descendantsOf } from "./local/memory-watch.ts";

/** Every process below this one. Asks the kernel only for children: reading all of /proc every few milliseconds would take too long. */
export const descendants = (): number[] => descendantsOf(process.pid);
