import { expect, it } from "vitest";
import { trainingReport } from "./training-report.ts";

const metrics = [
  { step: 0, evalPassAt1: 0.1 },
  { step: 1, loss: 2, "rewards/code": 0.25 },
  { step: 2, loss: 1, "rewards/code": 0.5 },
  { step: 2, evalPassAt1: 0.3 },
];

it("trainingReport draws a curve for each figure, evaluations first, and escapes what it is given", () => {
  const page = trainingReport({ title: "A <run>", settings: { "training.maxSteps": 2, "data.file": "<tasks>" }, metrics });
  expect(page).toContain("<h1>A &#60;run&#62;</h1>");
  expect(page).toContain("&#60;tasks&#62;");
  expect(page).not.toContain("<run>");
  const titles = [...page.matchAll(/<title id="curve-[\w-]+-title">([^<]+)<\/title>/g)].map(([, title]) => title);
  expect(titles).toEqual(["evalPassAt1", "loss", "rewards/code"]);
  const points = [...page.matchAll(/data-points="([^"]+)"/g)].map(([, data]) => JSON.parse(data!.replaceAll("&#34;", '"')) as number[][]);
  expect(points.map((one) => one.map((point) => point[2]))).toEqual([
    [0, 2],
    [1, 2],
    [1, 2],
  ]);
});

it("trainingReport of a run without a step says so", () => {
  expect(trainingReport({ title: "Nothing", settings: {}, metrics: [] })).toContain("0 steps");
});
