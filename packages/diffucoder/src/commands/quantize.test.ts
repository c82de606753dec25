import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadModel } from "@diffucoder/model";
import { afterAll, expect, it } from "vitest";
import { runCommand } from "../command.ts";

const model = fileURLToPath(new URL("../../../model/fixtures/stable-diffcoder/checkpoint", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "quantize-command-"));
afterAll(() => rmSync(root, { recursive: true }));

async function run(...args: string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), error: (text: string) => void error.push(text), bytes: () => {} };
  const code = await runCommand(args, { terminal, signal: new AbortController().signal });
  return { code, out, errors: error.filter((line) => !line.startsWith('{"phase"')), phases: error.length };
}

it.each(["int8", "int4"] as const)("writes a folder that loads without being quantized again, and answers the same: %s", async (method) => {
  const output = join(root, method);
  expect(await run("quantize", model, "--quantize", method, "--output", output)).toMatchObject({ code: 0, out: [output], errors: [] });
  expect(readdirSync(output).sort()).toEqual(readdirSync(model).sort());
  const [ofFolder, quantized] = [await loadModel(model, { quantize: method }), await loadModel(output)];
  expect(quantized).toEqual(ofFolder);
  const ask = ["--max-new-tokens", "8", "--json", "def add(a, b):"];
  const answer = await run("generate", "--model", output, ...ask);
  expect(answer).toMatchObject({ code: 0, phases: 0 });
  const direct = await run("generate", "--model", model, "--quantize", method, ...ask);
  expect(JSON.parse(answer.out[0]!)).toMatchObject({ tokenIds: (JSON.parse(direct.out[0]!) as { tokenIds: number[] }).tokenIds });
  expect((await run("quantize", output, "--output", join(root, "again"))).errors).toEqual([
    `model must be a model that is not in ${method} already, got "${output}".`,
  ]);
});

it("does not write over the model, nor begin without a place or with a method that is not there", async () => {
  const own = join(root, "own");
  cpSync(model, own, { recursive: true });
  expect((await run("quantize", own, "--output", join(own, "."))).errors).toEqual([
    `output must be another folder than the model's, got "${join(own, ".")}".`,
  ]);
  const file = join(own, "config.json");
  expect(await run("quantize", own, "--output", file)).toMatchObject({ code: 1, phases: 1 }); // the error alone: nothing was quantized
  expect((await run("quantize", own, "--quantize", "int2")).errors).toEqual([
    'Invalid quantize settings:\n  - quantize: must be one of "int8", "int4", got "int2"\n  - output: a folder to write is needed',
  ]);
});
