import { expect, it } from "vitest";
import { float32, int32 } from "./nd-array.ts";

it("is compared by its elements in tests, not by shape and dtype alone", () => {
  expect({ a: float32([1, 2]) }).toEqual({ a: float32([1, 2]) });
  expect({ a: float32([1, 2]) }).not.toEqual({ a: float32([1, 3]) });
  expect(float32([1, 2])).not.toEqual(int32([1, 2]));
  expect(float32([1, 2])).not.toEqual(float32([1, 2], [2, 1]));
});
