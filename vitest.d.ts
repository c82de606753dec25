import "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Names of the programs that the test file has started by the end of the test, see vitest.setup.ts. */
    programs?: string[];
  }
  interface Matchers<T = any> {
    toBeAllclose(expected: ArrayLike<number>, tolerance?: { atol?: number; rtol?: number }): T;
  }
}
