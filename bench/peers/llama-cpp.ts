// llama.cpp for comparison, through node-llama-cpp in a process of its own.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import type { ModelConfig } from "@diffucoder/model";
import { asker } from "./asker.ts";
import { type GgufFormat, writeGguf } from "./gguf.ts";

export const LLAMA_MISSING = "not installed (npm install --ignore-scripts --prefix FOLDER node-llama-cpp, and LLAMA_CPP=FOLDER)";

/** The folder in which node-llama-cpp is installed; it is too large to come along. */
export function findLlamaCpp(): string | undefined {
  const folder = process.env["LLAMA_CPP"];
  return folder !== undefined && existsSync(join(folder, "node_modules/node-llama-cpp")) ? resolve(folder) : undefined;
}

export interface LlamaPeer {
  name: string;
  /** Milliseconds of one layer, over all tokens. */
  run(): Promise<number>;
  close(): void;
}

export interface LlamaOptions {
  /** Of a single layer. */
  config: ModelConfig;
  format: GgufFormat;
  tokens: number;
}

/** @throws {UnavailableError} if the process ends or does not answer for two minutes */
export async function startLlamaCpp(folder: string, { config, format, tokens }: LlamaOptions): Promise<LlamaPeer> {
  const files = mkdtempSync(join(tmpdir(), "bench-llama-"));
  // In its last layer llama.cpp computes only the last token, so one layer is what a model of two takes more than a model of one.
  const paths = [1, 2].map((layers) => {
    const path = join(files, `${layers}.gguf`);
    writeGguf(path, { config: { ...config, numHiddenLayers: layers }, format, random: createRandom(0) });
    return path;
  });
  const child = spawn(process.execPath, [fileURLToPath(new URL("../peers/llama-peer.mjs", import.meta.url)), folder], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const close = (): void => {
    child.kill();
    rmSync(files, { recursive: true, force: true });
  };
  const ask = asker(child, "The llama.cpp peer");
  try {
    const { version } = await ask<{ version: string }>({ do: "load", paths, tokens });
    const run = async (): Promise<number> => {
      const [one, two] = [await ask<{ milliseconds: number }>({ do: "run", model: 0 }), await ask<{ milliseconds: number }>({ do: "run", model: 1 })];
      return two.milliseconds - one.milliseconds;
    };
    return { name: `llama.cpp ${format} (node-llama-cpp ${version})`, run, close };
  } catch (error) {
    close();
    throw error;
  }
}
