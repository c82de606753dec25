import type { EvalResult } from "@diffucoder/eval";
import { describe, expect, it } from "vitest";
import { besideTheCard, besideTheCardText, cardSettings } from "./beside-the-card.ts";
import { EvalConfigSchema } from "./eval-config.ts";

const bd3lm = "dllm-hub/Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1";
const openDcoder = "fredzzp/open-dcoder-0.5B";

/** Of 164 tasks, at the given temperatures. */
const result = (name: string, { quantize, scored = 164, labels = ["temperature 0"] }: { quantize?: string; scored?: number; labels?: string[] }) =>
  ({
    dataset: { name },
    runs: labels.map((label, i) => ({
      label,
      source: { kind: "model", sampler: { quantize } },
      suites: ["base", "plus"].map((suite) => ({
        suite,
        passAtK: [
          { k: 1, estimate: (suite === "base" ? 0.4 : 0.3) + i / 100, interval95: [0.325, 0.478] },
          { k: 10, estimate: 0.9, interval95: [0.8, 1] },
        ],
      })),
      tasks: { all: 164, scored },
    })),
  }) as unknown as EvalResult;
const config = (settings: object) => EvalConfigSchema.parse({ output: "runs/x", ...cardSettings(settings as Record<string, unknown>), ...settings });

describe("a published model's evaluation", () => {
  it("has the settings of the published one, those that a person gives over them", () => {
    expect(cardSettings({ model: bd3lm, dataset: "humaneval" })).toEqual({ temperature: 0, maxNewTokens: 256, steps: 256, blockLength: 32 });
    expect(cardSettings({ model: `${bd3lm}@main`, dataset: "mbpp" })).toMatchObject({ temperature: 0 });
    expect(cardSettings({ model: bd3lm, dataset: "humaneval", alg: "threshold" })).toEqual({ temperature: 0, maxNewTokens: 256 });
    for (const given of [{ model: bd3lm, dataset: "tinycode" }, { model: openDcoder, dataset: "mbpp" }, { model: "runs/x", dataset: "mbpp" }, {}])
      expect(cardSettings(given)).toEqual({});
    expect(config({ model: bd3lm, dataset: "humaneval", steps: 64 })).toMatchObject({ temperature: 0, steps: 64, blockLength: 32 });
  });

  it("is shown beside it, with what differs", () => {
    const same = besideTheCard(result("humaneval", {}), config({ model: bd3lm, dataset: "humaneval" }))!;
    expect(besideTheCardText(same)).toBe(
      "published: 41.5 % (card), 39.0 % (dllm's README)\nours:      40.0 % (32.5 to 47.8)\n" +
        "differs in the prompt and how code is taken from the answer, which the card does not show",
    );
    const other = besideTheCard(
      result("humaneval+", { quantize: "int8", scored: 20, labels: ["temperature 0.2", "temperature 0.4"] }),
      config({ model: `${bd3lm}@v1`, dataset: "humaneval+", temperature: [0.2, 0.4], steps: 64 }),
    )!;
    expect(besideTheCardText(other)).toBe(
      "published: 41.5 % (card), 39.0 % (dllm's README)\n" +
        "ours:      40.0 % (32.5 to 47.8), temperature 0.2\nours:      41.0 % (32.5 to 47.8), temperature 0.4\n" +
        "differs in temperature [0.2,0.4] instead of 0; steps 64 instead of 256; weights in int8; 20 of 164 tasks; " +
        "the prompt and how code is taken from the answer, which the card does not show",
    );
    const unknown = besideTheCard(result("mbpp", {}), config({ model: openDcoder, dataset: "mbpp" }))!;
    expect(besideTheCardText(unknown)).toContain("published: 35.2 % (another's card)");
    expect(unknown.differences[0]).toBe("the settings of the published evaluation are not known");
  });

  it("is not there for other models, other datasets and samples", () => {
    expect(besideTheCard(result("humaneval", {}), config({ model: "runs/x", dataset: "humaneval" }))).toBeUndefined();
    expect(besideTheCard(result("mbpp+", {}), config({ model: bd3lm, dataset: "mbpp+" }))).toBeUndefined();
    const ofFile = EvalConfigSchema.parse({ samples: "s.jsonl", dataset: "humaneval" });
    expect(besideTheCard(result("humaneval", {}), ofFile)).toBeUndefined();
  });
});
