import { describe, expect, it } from "vitest";
import type { PythonValue } from "@diffucoder/reward-sandbox";
import { isRight } from "./evalplus-oracle.ts";

const float = (value: number): PythonValue => ({ float: Number.isInteger(value) ? `${value}.0` : String(value) });
const right = (
  taskId: string,
  got: PythonValue,
  expected: PythonValue,
  { input = [], tolerance = 0 }: { input?: PythonValue[]; tolerance?: number } = {},
) => isRight({ taskId, input, got, expected, tolerance });

describe("isRight", () => {
  it("compares as Python does", () => {
    expect(right("HumanEval/0", 1, true)).toBe(true);
    expect(right("HumanEval/0", { tuple: [1] }, [1])).toBe(false);
    expect(right("HumanEval/0", "a", "b")).toBe(false);
  });

  it("lets floats differ by 1e-6, and by the task's tolerance where it has one", () => {
    expect(right("HumanEval/0", float(1.0000005), float(1))).toBe(true);
    expect(right("HumanEval/0", float(1.00001), float(1))).toBe(false);
    expect(right("Mbpp/82", float(1.00005), float(1), { tolerance: 1e-4 })).toBe(true);
    expect(right("HumanEval/0", [float(1.0000005), float(2)], [float(1), float(2)])).toBe(true);
    expect(right("HumanEval/0", 1, float(1.0000005))).toBe(false); // an int for a float
  });

  it("takes any root of the polynomial for HumanEval/32, and nothing else", () => {
    const input = [[-6, 11, -6, 1]]; // roots 1, 2, 3
    for (const root of [1, 2, 3]) expect(right("HumanEval/32", float(root), float(1), { input, tolerance: 1e-4 })).toBe(true);
    expect(right("HumanEval/32", float(1.5), float(1), { input, tolerance: 1e-4 })).toBe(false);
    expect(right("HumanEval/32", "1", float(1), { input, tolerance: 1e-4 })).toBe(false);
    expect(right("HumanEval/32", float(Number.NaN), float(1), { input, tolerance: 1e-4 })).toBe(false);
  });

  it("rounds powers as C does: the reference's own root of a polynomial with large coefficients is one", () => {
    // HumanEval/32, plus input 650; with JavaScript's ** the value there is 4e20, not 0
    const input = [[-1663750000, 10, 10, -1663750001, 26, -1663750001, -1, -1663750001, -1, 26]];
    const root = float(7999.418311588737);
    expect(right("HumanEval/32", root, root, { input, tolerance: 1e-4 })).toBe(true);
  });

  it("compares the outputs of some MBPP tasks as sets", () => {
    expect(right("Mbpp/2", [4, 5, 5], { tuple: [5, 4] })).toBe(true);
    expect(right("Mbpp/2", [4], { tuple: [5, 4] })).toBe(false);
    expect(right("Mbpp/2", 4, { tuple: [4] })).toBe(false);
    expect(right("Mbpp/3", [4, 5, 5], { tuple: [5, 4] })).toBe(false);
  });

  it("has the special cases of MBPP+", () => {
    expect(right("Mbpp/164", true, false)).toBe(true);
    expect(right("Mbpp/164", "anything", false)).toBe(false);
    expect(right("Mbpp/295", 0, 7)).toBe(true);
    expect(right("Mbpp/295", 1, 7)).toBe(false);
    // edge 3, height 4: 9 + 6 sqrt(2.25 + 16) = 34.63
    expect(right("Mbpp/581", 35, 33, { input: [3, 4] })).toBe(true);
    expect(right("Mbpp/581", 34, 33, { input: [3, 4] })).toBe(false);
    // |1-0| + |2-5| + |3-6| = 7
    expect(right("Mbpp/558", 7, 8, { input: [123, 56] })).toBe(true);
    expect(right("Mbpp/558", 6, 8, { input: [123, 56] })).toBe(false);
  });
});
