import { describe, expect, it } from "vitest";
import { againCommand, commandOf, nextSteps } from "./invocation.ts";

describe("the commands of a report", () => {
  it("name all that was typed, quoted for a shell", () => {
    const typed = {
      config: "my recipe.json",
      model: "runs/base/model",
      set: ['data.tiers={"2":1}', "evaluation.file=it's.jsonl"],
      output: "runs/a b",
    };
    expect(commandOf(typed)).toBe(
      `npm start -- --config 'my recipe.json' --model runs/base/model --set 'data.tiers={"2":1}' --set 'evaluation.file=it'\\''s.jsonl' --output 'runs/a b'`,
    );
    expect(againCommand(typed)).toContain("--output 'runs/a b-again'");
  });

  it("start from this run's settings, each in its own folder, and start nothing over", () => {
    const next = nextSteps({ set: ["seed=4", "training.maxSteps=10", "data.tasks=9"], output: "runs/mine/" }, { seed: 4, maxSteps: 10 });
    expect(next).toEqual([
      "Talk to the trained model in a browser: `npm run serve -- --model runs/mine/model`",
      "See whether the result holds for another seed: `npm start -- --set training.maxSteps=10 --set data.tasks=9 --set seed=5 --output runs/mine-seed-5`",
      "Train longer: `npm start -- --set seed=4 --set data.tasks=9 --set training.maxSteps=40 --output runs/mine-longer`",
      "Train the base model yourself first: `npm start -- --from-scratch --set seed=4 --set training.maxSteps=10 --set data.tasks=9 --output runs/mine-from-scratch`",
    ]);
    expect(next.join("\n")).not.toContain("--fresh");
  });
});
