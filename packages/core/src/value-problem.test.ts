import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseConfig } from "./config.ts";

const problem = (schema: z.ZodType, value: unknown): string => {
  try {
    parseConfig(z.strictObject({ value: schema }), { value });
  } catch (error) {
    return (error as Error).message.replace("Invalid config:\n  - value: ", "");
  }
  throw new Error("it was taken");
};

describe("valueProblem", () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.number(), "3", 'must be a number, got "3"'],
    [z.number(), Number.NaN, "must be a finite number, got NaN"],
    [z.number(), undefined, "is missing; it must be a number"],
    [z.int(), 0.5, "must be a whole number, got 0.5"],
    [z.number().positive(), 0, "must be greater than 0, got 0"],
    [z.number().min(1), 0, "must be at least 1, got 0"],
    [z.number().lt(1), 1, "must be less than 1, got 1"],
    [z.number().max(1), 2, "must be at most 1, got 2"],
    [z.number().multipleOf(8), 12, "must be a multiple of 8, got 12"],
    [z.string().min(1), "", "must have at least 1 character, got 0"],
    [z.string().max(2), "abc", "must have at most 2 characters, got 3"],
    [z.tuple([z.number(), z.number()]), 5, "must be a list, got 5"],
    [z.array(z.number()).min(2), [1], "must have at least 2 items, got 1"],
    [z.boolean(), "yes", 'must be true or false, got "yes"'],
    [z.enum(["a", "b"]), "c", 'must be one of "a", "b", got "c"'],
    [z.literal("a"), "c", 'must be "a", got "c"'],
    [z.union([z.number(), z.array(z.number())]), "hot", 'must be a number or a list, got "hot"'],
    [z.record(z.string(), z.number()), [], "must be an object, got []"],
    [z.number().min(1, "wants a day of the month"), 0, "wants a day of the month"],
  ])("of %#", (schema, value, message) => {
    expect(problem(schema, value)).toBe(message);
  });
});
