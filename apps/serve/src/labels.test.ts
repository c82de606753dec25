import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { afterAll, describe, expect, it } from "vitest";
import { serve } from "./served.fixture.ts";

describe("POST /v1/labels", async () => {
  const coder = await loadDiffuCoder(bundledModelDir());
  afterAll(() => coder.close());

  it("tells the probabilities of labels in a hole", async () => {
    const { post } = await serve(coder);
    const labels = ["sum", "max", "True"];
    const response = await post("/v1/labels", { prompt: "def f(xs):\n    return ", suffix: "(xs)\n", labels });
    const want = await coder.scoreLabels({ prefix: "def f(xs):\n    return ", suffix: "(xs)\n", labels });
    const { data, usage } = (await response.json()) as { data: { label: string; probability: number }[]; usage: object };
    expect([response.status, usage]).toEqual([200, { prompt_tokens: want.promptTokens }]);
    expect(data.map(({ label }) => label)).toEqual(labels);
    data.forEach(({ probability }, i) => expect(probability).toBeCloseTo(want.labels[i]!.probability, 5));
    expect(data[2]!.probability).toBeLessThan(data[0]!.probability);
  });

  it("refuses what is wrong with them by name", async () => {
    const { post, failures } = await serve(coder);
    const refused = async (body: object) => {
      const response = await post("/v1/labels", body);
      return [response.status, ((await response.json()) as { error: { param: string } }).error.param];
    };
    expect(await refused({ prompt: "x", labels: [] })).toEqual([400, "labels"]);
    expect(await refused({ prompt: "x", labels: ["a", "a"] })).toEqual([400, "labels"]);
    expect(await refused({ prompt: "x ".repeat(200), labels: ["a", "b"] })).toEqual([400, "prompt"]);
    expect(await refused({ prompt: "x", labels: ["a"], label: 1 })).toEqual([400, "label"]);
    expect(failures).toEqual([]);
  });
});
