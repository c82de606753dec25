import { describe, expect, it } from "vitest";
import { lineChart, movingMean, smoothingWindow, trendOf } from "./line-chart.ts";
import { formatNumber, formatPoints, formatSeconds } from "./number-format.ts";

describe("movingMean", () => {
  it("is centred, and shorter at the ends", () => {
    expect(movingMean([1, 2, 6, 4], 3)).toEqual([1.5, 3, 4, 5]);
  });

  it("skips values that are not finite", () => {
    expect(movingMean([1, Number.NaN, 5], 3)).toEqual([1, 3, 5]);
    expect(movingMean([Number.NaN], 1)).toEqual([Number.NaN]);
  });

  it("takes about a tenth of the run, always odd", () => {
    expect([1, 19, 20, 120, 200].map(smoothingWindow)).toEqual([1, 1, 3, 13, 21]);
  });
});

describe("trendOf", () => {
  it("compares the means of the first and the last ten values", () => {
    const noisy = Array.from({ length: 30 }, (_, i) => (i === 0 ? 10 : i === 29 ? -5 : i < 10 ? 1 : 2));
    expect(trendOf(noisy)).toEqual({ first: 1.9, last: 1.3 }); // (10 + 9 * 1) / 10, (9 * 2 - 5) / 10
  });

  it("tells nothing of fewer than twenty values", () => {
    expect(trendOf(Array.from({ length: 19 }, (_, i) => i))).toBeUndefined();
    expect(lineChart({ id: "c", title: "T", description: "D.", xLabel: "x", x: [0, 1], y: [1.55, 0.625] }).markup).not.toContain("→");
  });
});

describe("lineChart", () => {
  const chart = (y: number[], fromZero = false) =>
    lineChart({ id: "c", title: "T", description: "D.", xLabel: "iteration", x: y.map((_, i) => i), y, fromZero }).markup;

  it("maps the values linearly onto the drawing", () => {
    // x: 0..2 onto 50..350; y: 0..1 onto 172..12
    expect(chart([0, 1, 0.5])).toContain('<path class="values" d="M50,172L200,12L350,92" />');
  });

  it("leaves a gap where a value is not finite", () => {
    expect(chart([0, Number.NaN, 1, 0])).toContain('d="M50,172ZM250,12L350,172"');
  });

  it("draws a flat curve and says so where there are no values", () => {
    expect(chart([3, 3])).not.toMatch(/NaN/);
    expect(chart([0, 0], true)).not.toMatch(/NaN/);
    expect(chart([Number.NaN])).toContain("No values.");
  });
});

describe("number formats", () => {
  it("keeps three significant digits and says n/a where there is no number", () => {
    expect([1024, 0.03123, 12.345, 0.00012345, 1234.5, -0.5, 0, Number.NaN].map(formatNumber)).toEqual([
      "1,024",
      "0.0312",
      "12.3",
      "1.23e-4",
      "1,235",
      "−0.5",
      "0",
      "n/a",
    ]);
    expect([0.1135, -0.005].map(formatPoints)).toEqual(["+11.3", "−0.5"]);
    expect([2.345, 48, 582, 3600].map(formatSeconds)).toEqual(["2.35\u00a0s", "48\u00a0s", "9\u00a0min 42\u00a0s", "60\u00a0min 0\u00a0s"]);
  });
});
