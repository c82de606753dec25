import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sampleReportData } from "./quickstart-data.fixture.ts";
import { quickstartReport } from "./quickstart-report.ts";
import type { QuickstartReportData, ReportExample } from "./report-data.ts";

const data = sampleReportData();
const attack = `</script></pre><img src=x onerror="alert(1)"><svg/onload=alert(2)>' "><script>alert(3)</script>`;
/** White space between elements says nothing. */
const collapse = (page: string): string => page.replace(/[ \n]+/g, " ");
const count = (page: string, pattern: RegExp): number => [...page.matchAll(pattern)].length;

describe("quickstartReport", () => {
  it("heads the page with pass@1 before and after, the difference and its interval", () => {
    const page = collapse(quickstartReport(data));
    expect(page).toContain(
      '<b class="before">31.2\u00a0%</b> → <b class="after">42.5\u00a0%</b> <span class="delta">+11.3 points, 95 % interval +7.1 to +15.7</span>',
    );
    expect(page).toContain("lies above zero: training made the model better at these tasks.");
  });

  it("names the k that was computed, and pass@1 alone where a task has one sample", () => {
    const four = quickstartReport({ ...data, passAtK: { ...data.passAtK!, k: 4 } });
    expect(four).toContain("<h3>pass@4</h3>");
    expect(four).not.toContain("pass@8");
    const { passAtK: _, ...alone } = data;
    expect(new Set([...quickstartReport(alone).matchAll(/pass@\d+/g)].map(([name]) => name))).toEqual(new Set(["pass@1"]));
  });

  it("shows a task before and after side by side, and the order of reveal before any test", () => {
    const page = collapse(quickstartReport(data));
    const at = (text: string): number => page.indexOf(text);
    expect(at("Before training")).toBeGreaterThan(0);
    expect(at("After training")).toBeGreaterThan(at("Before training"));
    expect(page).toContain("<summary>0 of 1 tests passed</summary>");
    expect(page).toContain("<summary>3 of 3 tests passed</summary>");
  });

  it("claims no more than the interval says", () => {
    const withInterval = (interval95: [number, number]): string => quickstartReport({ ...data, passAt1: { ...data.passAt1, interval95 } });
    expect(withInterval([-0.01, 0.2])).toContain("contains zero: this run does not show that training changed the model.");
    expect(withInterval([0, 0.2])).toContain("contains zero");
    expect(withInterval([-0.2, -0.01])).toContain("lies below zero: training made the model worse at these tasks.");
  });

  it("escapes everything that a model, a task or a setting says", () => {
    const example: ReportExample = {
      prompt: attack,
      text: attack,
      passed: false,
      verdicts: [{ args: attack, expected: attack, got: attack, verdict: attack }],
      reveal: { tokens: [attack, "\n"], stepOf: [0, 1], steps: 2 },
    };
    const hostile = quickstartReport({
      ...data,
      title: attack,
      examples: [example],
      settings: { [attack]: attack },
      environment: { [attack]: attack },
      reproduce: [attack],
      next: [attack, `\`${attack}\``],
    });
    const harmless = quickstartReport({ ...data, examples: [{ ...example, prompt: "p" }] });
    expect(hostile).not.toContain("<img");
    expect(hostile).not.toContain("onload=alert(2)>");
    expect(count(hostile, /<script/g)).toBe(1);
    expect(count(hostile, /<\/script/g)).toBe(1);
    // Tags that the hostile page has and the other one has not would come from the text.
    const tags = (page: string): string[] => [...new Set([...page.matchAll(/<\/?([a-z][a-z0-9]*)/g)].map((match) => match[1]!))].sort();
    expect(tags(hostile)).toEqual(tags(harmless));
  });

  it("replaces control characters that HTML forbids", () => {
    const page = quickstartReport({ ...data, examples: [{ prompt: "a\0b\u001bc", text: "", passed: false, verdicts: [] }] });
    expect(page).toContain("a\uFFFDb\uFFFDc");
    expect(page).toContain("(empty)");
    expect(page).toContain("No test was run.");
  });

  it("asks for nothing from outside and allows no script but its own", () => {
    const page = quickstartReport(data);
    expect(page).not.toMatch(/https?:|\/\/[a-z]|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=/);
    const own = page.match(/<script>([\s\S]*)<\/script>/)?.[1] as string;
    expect(page).toContain("default-src &#39;none&#39;");
    expect(page).toContain(`sha256-${createHash("sha256").update(own).digest("base64")}`);
  });

  it("draws a curve per metric and lists every iteration in a table", () => {
    const page = quickstartReport(data);
    expect(count(page, /<svg viewBox="0 0 360 208" role="img"/g)).toBe(8);
    expect(
      collapse(page)
        .match(/<tbody> (<tr> <td>1<\/td>.*?)<\/tbody>/)?.[1]
        ?.match(/<tr>/g),
    ).toHaveLength(120);
  });

  it("names every chart for those who do not see it", () => {
    const page = quickstartReport(data);
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    expect(ids.size).toBe(count(page, / id="/g));
    for (const [, names] of page.matchAll(/aria-labelledby="([^"]+)"/g)) for (const name of (names as string).split(" ")) expect(ids).toContain(name);
    expect(count(page, /<svg/g)).toBe(count(page, /aria-labelledby=/g));
    expect(page).toContain('<desc id="pass-1-desc">Before: 31.2\u00a0% (25.8 to 36.8). After: 42.5\u00a0% (36.7 to 48.6). </desc>');
  });

  it("shows every token with the step that revealed it", () => {
    const page = quickstartReport(data);
    const steps = [...page.matchAll(/<span class="token" data-step="(\d+)"/g)].map((match) => Number(match[1]));
    expect(steps).toEqual(data.examples[0]?.reveal?.stepOf);
    expect(page).toContain("&#60;|endoftext|&#62;");
  });

  it("refuses a reveal order that is not consistent", () => {
    const withReveal = (reveal: ReportExample["reveal"] & object): QuickstartReportData => ({
      ...data,
      examples: [{ prompt: "", text: "", passed: true, verdicts: [], reveal }],
    });
    expect(() => quickstartReport(withReveal({ tokens: ["a", "b"], stepOf: [0], steps: 1 }))).toThrow(
      "stepOf must be a list of 2, one per token, got 1.",
    );
    expect(() => quickstartReport(withReveal({ tokens: ["a"], stepOf: [1], steps: 1 }))).toThrow("stepOf must be an integer below steps (1), got 1.");
    expect(() => quickstartReport(withReveal({ tokens: ["a"], stepOf: [0], confidence: [], steps: 1 }))).toThrow(
      "confidence must be a list of 1, one per token, got 0.",
    );
    expect(() => quickstartReport(withReveal({ tokens: [], stepOf: [], steps: 0 }))).toThrow("steps must be a positive integer, got 0.");
  });

  it("never writes NaN into the page where something is missing", () => {
    const nothing = {
      step: 1,
      reward: Number.NaN,
      codeReward: 0,
      formatReward: 0,
      kl: Number.POSITIVE_INFINITY,
      completionLength: 3,
      clipRatio: 0,
      gradNorm: 0,
      loss: 0,
      secondsPerIteration: 1,
    };
    const flat = { before: 0, after: 0, difference: 0, interval95: [0, 0], beforeInterval95: [0, 0], afterInterval95: [0, 0] } as const;
    for (const iterations of [[], [nothing], [nothing, { ...nothing, step: 2, reward: 1 }]]) {
      const page = quickstartReport({ ...data, passAt1: flat, passAtK: { k: 8, comparison: flat }, iterations, examples: [], next: [] });
      expect(page.slice(0, page.indexOf("<script>"))).not.toMatch(/NaN|Infinity|undefined/);
      expect(page).not.toContain("The same tasks, before and after");
    }
  });

  it("is the same page for the same data", () => {
    expect(quickstartReport(sampleReportData())).toBe(quickstartReport(data));
  });
});
