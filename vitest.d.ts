import "vitest";

declare module "vitest" {
  interface Matchers<T = any> {
    toBeAllclose(expected: ArrayLike<number>, tolerance?: { atol?: number; rtol?: number }): T;
  }
}
