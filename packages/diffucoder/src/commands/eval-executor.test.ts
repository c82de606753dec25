import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EvalResult } from "@diffucoder/eval";
import { describe, expect, it } from "vitest";
import { bundledModelDir } from "../bundled-model.ts";
import { evalCommands, hasPython, pythonNote } from "./eval-commands.fixture.ts";

const { dir, out, error, run, file } = evalCommands();
const tasks = ["--dataset", "tinycode", "--set", "data.tasks=2", "--set", "steps=2", "--set", "temperature=0"];
const model = ["--model", bundledModelDir()];

describe("diffucoder eval on another executor", () => {
  it.skipIf(!hasPython)(`draws on TensorFlow.js what it draws on ONNX Runtime, and says on what${pythonNote}`, async () => {
    expect(await run("eval", ...tasks, ...model, "--output", join(dir, "onnx"), "--json")).toBe(0);
    expect(await run("eval", ...tasks, ...model, "--output", join(dir, "tfjs"), "--executor", "tfjs-cpu", "--json")).toBe(0);
    const [onnx, tfjs] = out.map((text) => (JSON.parse(text) as EvalResult).runs[0]!);
    expect(tfjs!.samples.map(({ raw }) => raw)).toEqual(onnx!.samples.map(({ raw }) => raw));
    expect(tfjs!.source).toMatchObject({ sampler: { executor: "tfjs-cpu" } });
    expect(onnx!.source).not.toMatchObject({ sampler: { executor: expect.anything() } });
  });

  it.each([
    [["--executor", "tfjs-cpu", "--device", "cpu"], 'device must be absent with executor "tfjs-cpu", whose name says where it runs, got "cpu".'],
    [["--executor", "tfjs-cpu", "--quantize", "int4"], 'executor must be "onnx" for a model in int4, got "tfjs-cpu".'],
    [["--executor", "tfjs-cpu", "--precision", "bf16"], 'precision must be "float32" with executor "tfjs-cpu", got "bf16".'],
    [["--device", "webgpu", "--precision", "bf16"], 'precision must be "float32" with device "webgpu", got "bf16".'],
    [["--device", "webgpu", "--quantize", "int8"], 'device must be "cpu" for a model in int8, got "webgpu".'],
  ])("refuses %j before anything is drawn, in one sentence", async (flags, sentence) => {
    const output = join(dir, "refused");
    expect(await run("eval", ...tasks, ...model, "--output", output, ...flags)).toBe(1);
    expect(error).toEqual([sentence]);
    expect(existsSync(output)).toBe(false);
  });

  it("does not take them for samples that are there already", async () => {
    const samples = file("samples.jsonl", [{ task_id: "tinycode/0", completion: "" }]);
    expect(await run("eval", "--dataset", "tinycode", "--samples", samples, "--device", "cpu")).toBe(1);
    expect(error).toEqual(["Invalid eval settings:\n  - device: for a model, not for samples that are there already"]);
  });
});
