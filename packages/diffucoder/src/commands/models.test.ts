import { KNOWN_MODELS } from "@diffucoder/engine";
import { expect, it } from "vitest";
import { runCommand } from "../command.ts";

async function said(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const terminal = { out: (text: string) => void lines.push(text), error: (text: string) => void lines.push(text) };
  expect(await runCommand(args, { terminal, signal: new AbortController().signal })).toBe(0);
  return lines.join("\n");
}

it("models lists what is known of published models, and on what each was checked", async () => {
  expect(await said("models")).toMatch(
    new RegExp(
      `^dllm-hub/Qwen2\\.5-Coder-0\\.5B-Instruct-diffusion-mdlm-v0\\.1
  0\\.5 billion weights; a2d-qwen2; licence: Apache-2\\.0 \\(repository\\)
  decoded with mdlm, 256 tokens in 256 steps, greedy
  HumanEval / MBPP: 28\\.1 / 23\\.0 \\(card\\); checked on random weights
[^]*"Checked on random weights": network, decoder and tokenizer were compared with the\\n`,
    ),
  );
  const listed = JSON.parse(await said("models", "--json")) as { name: string; decoding: string }[];
  expect(listed.map(({ name }) => name)).toEqual(KNOWN_MODELS.map(({ name }) => name));
  expect(listed[1]).toMatchObject({
    decoding: "bd3lm, 256 tokens in 256 steps, blocks of 32, greedy",
    scores: [
      { dataset: "humaneval", percent: 41.5, source: "card" },
      { dataset: "mbpp", percent: 33.6, source: "card" },
      { dataset: "humaneval", percent: 39, source: "dllm's README" },
      { dataset: "mbpp", percent: 33.2, source: "dllm's README" },
    ],
  });
});

it("eval of a listed model has the settings of its published score, which --print-config names", async () => {
  const model = "dllm-hub/Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1";
  const keys = JSON.parse(
    await said("eval", "--model", model, "--dataset", "humaneval", "--output", "runs/x", "--set", "steps=64", "--print-config", "--json"),
  ) as { key: string; value: unknown; source: string }[];
  const of = (name: string) => keys.find(({ key }) => key === name);
  expect(of("temperature")).toMatchObject({ value: 0, source: "published evaluation" });
  expect(of("blockLength")).toMatchObject({ value: 32, source: "published evaluation" });
  expect(of("steps")).toMatchObject({ value: 64, source: "--set" });
});
