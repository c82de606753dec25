import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paretoFront, scatterChart, type ScatterPoint } from "./scatter-chart.ts";

describe("paretoFront", () => {
  it("keeps what is better than everything cheaper", () => {
    const points = [
      { x: 8, y: 0.9 },
      { x: 1, y: 0.2 },
      { x: 2, y: 0.6 },
      { x: 2, y: 0.5 },
      { x: 4, y: 0.6 },
    ];
    expect(paretoFront(points)).toEqual([
      { x: 1, y: 0.2 },
      { x: 2, y: 0.6 },
      { x: 8, y: 0.9 },
    ]);
    expect(paretoFront(points, "lower")).toEqual([{ x: 1, y: 0.2 }]);
  });

  it("holds exactly the points that none beats", () => {
    const point = fc.record({ x: fc.integer({ min: 1, max: 6 }), y: fc.integer({ min: 0, max: 6 }) });
    fc.assert(
      fc.property(fc.uniqueArray(point, { selector: ({ x, y }) => `${x} ${y}` }), (points) => {
        const beaten = ({ x, y }: { x: number; y: number }) => points.some((other) => other.x <= x && other.y >= y && (other.x < x || other.y > y));
        const unbeaten = points.filter((one) => !beaten(one));
        expect(new Set(paretoFront(points))).toEqual(new Set(unbeaten));
      }),
    );
  });
});

describe("scatterChart", () => {
  const pointAt = (x: number, y: number, label = "a"): ScatterPoint => ({ label, group: 0, x, y, interval95: [y - 0.1, y + 0.1] });
  const chart = (points: ScatterPoint[]) =>
    scatterChart({ id: "c", title: "T", description: "D.", xLabel: "tokens", groups: ["none", "<cache>"], points }).markup;

  it("puts the geometric mean of two costs in the middle", () => {
    const [a, b, c] = [...chart([pointAt(10, 0.5), pointAt(20, 0.5), pointAt(40, 0.5)]).matchAll(/<circle cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(b! - a!).toBeCloseTo(c! - b!, 0);
    expect(b).toBe(200);
  });

  it("draws a single point and equal shares without a number that is none", () => {
    expect(chart([pointAt(3, 0.5)])).not.toContain("NaN");
    expect(chart([{ ...pointAt(3, 1), interval95: [1, 1] }])).not.toContain("NaN");
  });

  it("escapes its texts and names every point", () => {
    const markup = chart([pointAt(3, 0.5, "<b>")]);
    expect(markup).not.toContain("<b>");
    expect(markup).not.toContain("<cache>");
    expect(markup).toContain("&#60;b&#62;: 50.0\u00a0% at 3");
  });
});
