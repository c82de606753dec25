import { describe, expect, it } from "vitest";
import { agree, extent, inTurns, isMet, meanOf, measured, median } from "./measurement.ts";
import { short, tableText, toJson } from "./table.ts";

const result = measured({ suite: "s", name: "n", ours: 3, peer: 4, peerName: "torch 2", unit: "ms", target: { of: "ratio", atMost: 0.8 } });

describe("measured", () => {
  it("divides ours by the peer's, and has no ratio without one", () => {
    expect(result).toMatchObject({ ratio: 0.75, peerName: "torch 2" });
    expect(measured({ suite: "s", name: "n", ours: 3, unit: "ms", peerName: "torch 2" })).toMatchObject({ peer: null, peerName: null, ratio: null });
  });
});

describe("isMet", () => {
  it("compares the ratio or our own figure, in either direction", () => {
    expect(isMet(result)).toBe(true);
    expect(isMet({ ...result, ratio: 0.81 })).toBe(false);
    expect(isMet({ ...result, target: { of: "ours", atLeast: 300 } })).toBe(false);
  });

  it("does not decide without a target or a peer", () => {
    expect(isMet({ ...result, target: undefined })).toBeUndefined();
    expect(isMet({ ...result, ratio: null })).toBeUndefined();
  });
});

describe("median and extent", () => {
  it("are the middle, and the ends", () => {
    expect([median([5, 1, 3]), median([4, 1, 3, 2])]).toEqual([3, 2.5]);
    expect(extent([5, 1, 3])).toEqual([1, 5]);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe("inTurns", () => {
  it("alternates, and drops the first round", async () => {
    const order: string[] = [];
    const contender = (name: string) => async () => order.push(name);
    expect(await inTurns({ a: contender("a"), b: contender("b") }, 2, 0)).toEqual({ a: [3, 5], b: [4, 6] });
    expect(order).toEqual(["a", "b", "a", "b", "a", "b"]);
  });
});

describe("meanOf", () => {
  it("divides the sum of the runs by their number", async () => {
    let milliseconds = 0;
    expect(await meanOf(async () => ++milliseconds, 4)).toBe(2.5);
  });
});

describe("agree", () => {
  it("allows a thousandth of the peer's figure, and no NaN", () => {
    expect([agree(1.0009, 1), agree(1.0011, 1), agree(-1, 1), agree(Number.NaN, 1)]).toEqual([true, false, false, false]);
  });
});

describe("the table and the JSON list", () => {
  it("show the same figures", () => {
    expect(tableText([result, { ...result, peer: null, ratio: null, note: "not installed" }]).split("\n")).toEqual([
      "suite  name  ours  peer           ratio  unit  target",
      "s      n     3     4 torch 2      0.75   ms    ratio at most 0.8: met",
      "s      n     3     not installed  -      ms    ratio at most 0.8: no peer",
    ]);
    expect(toJson([result])).toEqual([{ suite: "s", name: "n", ours: 3, peer: 4, peerName: "torch 2", ratio: 0.75, unit: "ms" }]);
  });

  it("show the smallest and the largest round of both", () => {
    expect(tableText([{ ...result, spread: [2, 5], peerSpread: [3.5, 6] }])).toContain("3 (2 to 5)  4 (3.5 to 6) torch 2");
  });

  it("round to three digits", () => {
    expect([1234.5, 12.345, 0.012345, 0].map(short)).toEqual(["1230", "12.3", "0.0123", "0"]);
  });
});
