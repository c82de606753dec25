import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModelDir } from "diffucoder";
import { expect, it } from "vitest";
import { runServe } from "./command.ts";

async function run(...args: string[]): Promise<{ code: number; out: string[]; errors: string[] }> {
  const out: string[] = [];
  const errors: string[] = [];
  const stop = AbortSignal.timeout(5000);
  const code = await runServe(args, { terminal: { out: (text) => out.push(text), error: (text) => errors.push(text) }, stop });
  return { code, out, errors };
}

it.each([
  [["--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)"],
  [["--port", "70000"], "error: option '--port <number>' argument '70000' is invalid. It must be a port number, 0 to 65535; 0 takes any free one."],
  [["extra"], "error: too many arguments. Expected 0 arguments but got 1."],
  [["--model", "/no/such/model"], "/no/such/model/config.json: no such file."],
  [["--executor", "tfjs-cpu", "--device", "webgpu"], 'device must be absent with executor "tfjs-cpu", whose name says where it runs, got "webgpu".'],
  [["--executor", "tfjs-cpu", "--quantize", "int8"], 'executor must be "onnx" for a model in int8, got "tfjs-cpu".'],
  [
    ["--device", "gpu", "--quantize", "int3"],
    'Invalid serve settings:\n  - quantize: Invalid option: expected one of "int8"|"int4"|"none"\n  - device: Invalid option: expected one of "cpu"|"webgpu"',
  ],
])("refuses %j in one message", async (args, message) => {
  expect(await run(...args)).toEqual({ code: 1, out: [], errors: [message] });
});

it("tells at its start what of the model's folder is not used", async () => {
  const dir = mkdtempSync(join(tmpdir(), "serve-notices-"));
  cpSync(bundledModelDir(), dir, { recursive: true });
  const path = join(dir, "generation_config.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), repetition_penalty: 1.1 }));
  const errors: string[] = [];
  const terminal = { out: () => {}, error: (text: string) => void errors.push(text) };
  expect(await runServe(["--model", dir, "--port", "0"], { terminal, stop: AbortSignal.abort() })).toBe(0);
  expect(errors).toEqual(["Note: generation_config.json says repetition_penalty, which is not used."]);
  rmSync(dir, { recursive: true });
});

it("explains itself", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  expect(out.join("\n")).toContain("--allow-host <name>");
});
