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
  /** Milliseconds of one layer, or of the whole model, over all tokens. */
  run(): Promise<number>;
  close(): void;
}

export interface LlamaOptions {
  /** Of a single layer, or of the whole model. */
  config: ModelConfig;
  format: GgufFormat;
  tokens: number;
}

/** A layer. @throws {UnavailableError} if the process ends or does not answer for two minutes */
export async function startLlamaCpp(folder: string, { config, format, tokens }: LlamaOptions): Promise<LlamaPeer> {
  // In its last layer llama.cpp computes only the last token, so one layer is what a model of two takes more than a model of one.
  const configs = [1, 2].map((numHiddenLayers) => ({ ...config, numHiddenLayers }));
  const { name, times, close } = await startModels(folder, { configs, format, tokens, history: 0 });
  return { name, run: async () => (await times(1)) - (await times(0)), close };
}

/** A whole model, on tokens after `history` others. Of its logits llama.cpp computes the last token's. Throws as for a layer. */
export async function startLlamaModel(folder: string, { config, ...options }: LlamaOptions & { history: number }): Promise<LlamaPeer> {
  const { name, times, close } = await startModels(folder, { configs: [config], ...options });
  return { name, run: () => times(0), close };
}

interface Models extends Omit<LlamaOptions, "config"> {
  configs: readonly ModelConfig[];
  history: number;
}

/** `times(i)`: milliseconds of a pass of the i-th model. */
async function startModels(folder: string, { configs, format, tokens, history }: Models) {
  const files = mkdtempSync(join(tmpdir(), "bench-llama-"));
  const paths = configs.map((config, i) => {
    const path = join(files, `${i}.gguf`);
    writeGguf(path, { config, format, random: createRandom(0) });
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
    const { version } = await ask<{ version: string }>({ do: "load", paths, tokens, history });
    const times = async (model: number): Promise<number> => (await ask<{ milliseconds: number }>({ do: "run", model })).milliseconds;
    return { name: `llama.cpp ${format} (node-llama-cpp ${version})`, times, close };
  } catch (error) {
    close();
    throw error;
  }
}
