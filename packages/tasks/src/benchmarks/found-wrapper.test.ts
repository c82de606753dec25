import { expect, it } from "vitest";
import { foundWrapper } from "./found-wrapper.ts";

it("is there for the tasks that return a match, and for no other", () => {
  expect(foundWrapper("Mbpp/737", "check_str")).toContain("check_str = __found(check_str)");
  expect(foundWrapper("Mbpp/738", "f")).toBe("");
});
