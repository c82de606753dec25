// A file of its own: it is part of the package's types, which must not lead to those of koffi.
import type { KernelTarget } from "../../ops/kernel-call.ts";

/** Which kernels compute, or why none do. */
export type KernelReport =
  | {
      /** The library. */
      path: string;
      /** What compiled it. */
      compiler: string;
      /** What it may use of the processor. */
      target: KernelTarget;
    }
  | {
      /** Why there are none, as the end of a sentence. */
      problem: string;
    };
