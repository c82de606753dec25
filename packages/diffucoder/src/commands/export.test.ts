import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";

const golden = fileURLToPath(new URL("../../../model/fixtures/dream-f32", import.meta.url));

let folder: string;
let [out, error]: [string[], string[]] = [[], []];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "diffucoder-export-"));
  [out, error] = [[], []];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const terminal = {
  out: (text: string) => void out.push(text),
  error: (text: string) => void error.push(text),
  bytes: (data: Uint8Array) => void out.push(Buffer.from(data).toString()),
};
const run = (...args: string[]) => runCommand(["export", ...args], { terminal, signal: new AbortController().signal });

async function runPlain(path: string, feeds: Record<string, { data: number[]; shape: number[] }>): Promise<Tensor> {
  const session = await InferenceSession.create(path);
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [name, new Tensor("int64", BigInt64Array.from(data, BigInt), shape)]);
  const { logits } = await session.run(Object.fromEntries(tensors));
  await session.release();
  return logits as Tensor;
}

describe.runIf(existsSync(golden))("diffucoder export, of the golden model", () => {
  const { input_ids: rows, logits_full_attention: want } = JSON.parse(readFileSync(`${golden}/forward.json`, "utf8")) as {
    input_ids: number[][];
    logits_full_attention: { shape: [number, number, number]; data: number[] };
  };
  const [batch, length, vocabSize] = want.shape;
  const input_ids = { data: rows.flat(), shape: [batch, length] };
  const attention_mask = { data: rows.flat().map(() => 1), shape: [batch, length] };

  it.each(["inside", "beside"])("writes a file that gives Dream's logits in plain ONNX Runtime, weights %s", async (weights) => {
    const path = join(folder, "dream.onnx");
    expect(await run("--model", `${golden}/checkpoint`, "--out", path, "--weights", weights, "--json")).toBe(0);
    const { files, ...rest } = JSON.parse(out.join("\n")) as { files: { path: string; bytes: number }[] };
    expect(rest).toEqual({
      function: "logits",
      inputs: ["input_ids", "attention_mask"].map((name) => ({ name, dtype: "int64", shape: ["batch", "length"] })),
      outputs: [{ name: "logits", dtype: "float32", shape: ["batch", "length", vocabSize] }],
    });
    expect(files.map((file) => file.path)).toEqual(weights === "inside" ? [path] : [path, `${path}.data`]);
    for (const file of files) expect(readFileSync(file.path).length).toBe(file.bytes);
    const logits = await runPlain(path, { input_ids, attention_mask });
    expect(logits.dims).toEqual(want.shape);
    expect(logits.data).toBeAllclose(want.data, { rtol: 1e-4, atol: 1e-5 });
  });

  it("writes logits at positions that are an input, for a given size", async () => {
    const path = join(folder, "at.onnx");
    const shape = ["--batch-size", String(batch), "--length", String(length)];
    expect(await run("--model", `${golden}/checkpoint`, "--out", path, ...shape, "--function", "logitsAt")).toBe(0);
    expect(out.join("\n").split("\n").slice(1)).toEqual([
      `  in   input_ids int64 [${batch}, ${length}]`,
      `  in   attention_mask int64 [${batch}, ${length}]`,
      "  in   logit_positions int64 [positions]",
      `  out  logits float32 [positions, ${vocabSize}]`,
    ]);
    const at = [1, length + 2, 0];
    const logits = await runPlain(path, { input_ids, attention_mask, logit_positions: { data: at, shape: [3] } });
    const rowsAt = at.flatMap((position) => want.data.slice(position * vocabSize, (position + 1) * vocabSize));
    expect(logits.data).toBeAllclose(rowsAt, { rtol: 1e-4, atol: 1e-5 });
  });
});

describe("diffucoder export", () => {
  const model = makeTinyModel();
  afterAll(model.remove);

  it("takes settings from a file, and flags over them", async () => {
    const config = join(folder, "export.json");
    writeFileSync(config, JSON.stringify({ model: model.dir, out: join(folder, "other.onnx"), quantize: "int8", batchSize: 2 }));
    const path = join(folder, "tiny.onnx");
    expect(await run("--config", config, "--set", "length=60", "--out", path, "--json")).toBe(0);
    const { inputs } = JSON.parse(out.join("\n")) as { inputs: { name: string; shape: number[] }[] };
    expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["input_ids", [2, 60]],
      ["attention_mask", [2, 60]],
    ]);
    const whole = { shape: [2, 60], data: Array.from({ length: 120 }, (_, i) => i % 7) };
    const logits = await runPlain(path, { input_ids: whole, attention_mask: { ...whole, data: whole.data.map(() => 1) } });
    expect((logits.data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it("reports every bad setting together, before any work", async () => {
    expect(await run("--function", "loss", "--batch-size", "two", "--set", "lenght=5", "--weights", "outside")).toBe(1);
    expect(error.join("\n")).toBe(
      [
        "Invalid export settings:",
        "  - out: a file to write is needed",
        '  - function: must be one of "logits", "logitsAt", got "loss"',
        '  - batchSize: must be a number, got "two"',
        '  - weights: must be one of "inside", "beside", got "outside"',
        '  - Unrecognized key: "lenght". Did you mean length?',
      ].join("\n"),
    );
  });

  const path = (): string => join(folder, "x.onnx");
  it.each([
    [["--set", "positions=2"], 'Invalid export settings:\n  - Unrecognized key: "positions"'],
    [["--length", "0"], "Invalid export settings:\n  - length: must be greater than 0, got 0"],
    [["--length", "65"], "length must be at most 64, the model's longest, got 65."],
    [["--model", "/no/such/model"], "/no/such/model/config.json: no such file."],
  ])("refuses %s", async (args, message) => {
    expect(await run("--model", model.dir, "--out", path(), ...args)).toBe(1);
    expect(error.join("\n")).toContain(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});
