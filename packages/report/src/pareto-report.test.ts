import { describe, expect, it } from "vitest";
import { type DecodingSetting, paretoReport } from "./pareto-report.ts";

const setting = (name: string, group: string, passAt1: number, cost: number): DecodingSetting => ({
  name,
  group,
  passAt1,
  interval95: [passAt1 - 0.05, passAt1 + 0.05],
  forwardPasses: cost,
  forwardTokens: 84 * cost,
  tokensPerPass: 36 / cost,
  tasks: 150,
  milliseconds: 2 * cost,
});
const exact = setting("one token a step", "none", 0.85, 48);
const fast = setting("threshold 0.9, <delayed>", "delayed", 0.84, 6);
const poor = setting("16 steps", "none", 0.4, 16);
const collapse = (page: string): string => page.replace(/[ \n]+/g, " ");

describe("paretoReport", () => {
  it("shows every setting with its costs and their ratios to the first, the unbeaten ones in bold", () => {
    const page = collapse(paretoReport({ title: "T", description: "D", settings: [exact, fast, poor] }));
    expect(page).toContain(
      '<th scope="row"><b>one token a step</b></th> <td>85.0\u00a0% (80.0 to 90.0)</td> <td>150</td> <td>48 (1.00)</td> <td>0.75</td> <td>4,032 (1.00)</td>',
    );
    expect(page).toContain(
      '<th scope="row"><b>threshold 0.9, &#60;delayed&#62;</b></th> <td>84.0\u00a0% (79.0 to 89.0)</td> <td>150</td> <td>6 (0.13)</td>',
    );
    expect(page).toContain('<th scope="row">16 steps</th>');
    expect([...page.matchAll(/<svg /g)]).toHaveLength(3);
    expect(page).not.toContain('headline"');
  });

  it("gives the accuracy under parallelism of each method", () => {
    const methods = [
      { name: "threshold", aup: 312.345 },
      { name: "a < b", aup: 80 },
    ];
    const page = collapse(paretoReport({ title: "T", description: "D", settings: [exact], methods }));
    expect(page).toContain('<th scope="row">threshold</th> <td>312.3</td>');
    expect(page).toContain('<th scope="row">a &#60; b</th> <td>80.0</td>');
    expect(paretoReport({ title: "T", description: "D", settings: [exact] })).not.toContain("Accuracy under parallelism");
  });

  it("heads the page with what the chosen setting did on other tasks", () => {
    const confirmation = { tasks: 200, baseline: exact, chosen: fast, difference: -0.01, interval95: [-0.04, 0.02] as const };
    const page = collapse(paretoReport({ title: "T", description: "D", settings: [exact, fast], confirmation }));
    expect(page).toContain('<b class="after">8x</b> the speed, <b class="after">8x</b> fewer tokens through the network');
    expect(page).toContain("pass@1 85.0\u00a0% → 84.0\u00a0%, paired difference −1.0 points (95 % interval −4.0 to +2.0)");
    expect(page).toContain("on 200 tasks other than those below");
  });
});
