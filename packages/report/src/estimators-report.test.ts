import { describe, expect, it } from "vitest";
import { type EstimatorFigures, estimatorsReport } from "./estimators-report.ts";

const figures = (name: string, deviation: number, more: Partial<EstimatorFigures> = {}): EstimatorFigures => ({
  name,
  family: name,
  passes: 3,
  deviation,
  ...more,
});
const pageOf = (...estimators: EstimatorFigures[]): string =>
  estimatorsReport({ title: "T", networks: [{ description: "a <toy>", estimators }] }).replace(/[ \n]+/g, " ");

describe("estimatorsReport", () => {
  it("says whether coupled masks reduce the variance, either way", () => {
    expect(pageOf(figures("coupled", 1.5), figures("decoupled", 2))).toContain(
      "Coupled 1.5, decoupled 2 for the same passes: <b>coupled masks reduce it</b>.",
    );
    expect(pageOf(figures("coupled", 2), figures("decoupled", 2))).toContain("<b>coupled masks do not reduce it</b>");
    expect(pageOf(figures("coupled", 1.5))).not.toContain("reduce it");
  });

  it("draws a chart for each figure that was measured, and joins what is lowest for its passes", () => {
    const plain = pageOf(figures("coupled", 1.5), figures("decoupled", 2));
    expect([...plain.matchAll(/<svg /g)]).toHaveLength(1);
    expect(plain).toContain("The line joins what no other beats in both. coupled: 1.5 at 3. </desc>");
    const noisy = pageOf(figures("coupled", 1.5, { gradientNoise: 4 }), figures("decoupled", 2, { gradientNoise: 3 }), figures("fullMask", 0));
    expect([...noisy.matchAll(/<svg /g)]).toHaveLength(2);
    expect(noisy).toContain("Coupled 4, decoupled 3 for the same passes: <b>coupled masks do not reduce it</b>");
  });

  it("has a row for each estimator, with nothing where nothing was measured", () => {
    const page = pageOf(figures("full mask", 0, { passes: 1, bias: -1.25 }));
    expect(page).toContain('<th scope="row">full mask</th> <td>1</td> <td>−1.25</td> <td>0</td> <td></td>');
    expect(page).toContain("<h2>a &#60;toy&#62;</h2>");
    expect(page).not.toContain("<a href");
  });
});
