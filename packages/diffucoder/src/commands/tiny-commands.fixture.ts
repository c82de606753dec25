// The commands on a tiny model: each test file has a model and a folder of its own.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDiffuCoder } from "@diffucoder/engine";
import { afterAll, beforeEach } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { runCommand } from "../command.ts";

export const model = makeTinyModel();
export const folder = mkdtempSync(join(tmpdir(), "diffucoder-commands-"));
afterAll(() => {
  model.remove();
  rmSync(folder, { recursive: true });
});

/** What the test's commands have printed. */
export const output: string[] = [];
export const errors: string[] = [];
beforeEach(() => {
  output.length = 0;
  errors.length = 0;
});

export const terminal = {
  out: (text: string) => void output.push(text),
  error: (text: string) => void errors.push(text),
  bytes: (data: Uint8Array) => void output.push(Buffer.from(data).toString()),
};

export const run = (...args: string[]): Promise<number> =>
  runCommand([...args, "--model", model.dir], { terminal, signal: new AbortController().signal });

/** Writes a file. @returns its path */
export const file = (name: string, content: string | object): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

export const coder = await loadDiffuCoder(model.dir);
export const prompt = "Return the sum of xs.";
