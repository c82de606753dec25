// A WebGPU device for tests: the machine's own, or Mesa's software one, to which a layer adds the features that Dawn asks for
// (apt-get install mesa-vulkan-drivers libvulkan-dev gcc).
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DiffuCoderError } from "@diffucoder/core";
import { afterAll } from "vitest";
import type { Executor } from "../../executor.ts";
import { onnxExecutor } from "./executor.ts";

const layerSource = fileURLToPath(new URL("../../../../../../shared/tools/vulkan-features/layer.c", import.meta.url));
const icdFolder = "/usr/share/vulkan/icd.d";

/** The executor, or why there is none: a test says so in its name. */
export async function findWebGpu(): Promise<{ executor?: Executor; note: string }> {
  if (process.platform === "linux" && !existsSync(icdFolder)) return { note: " (SKIPPED: no Vulkan driver is installed)" };
  if (existsSync(layerSource) && process.env["VK_INSTANCE_LAYERS"] === undefined) useLayer();
  try {
    return { executor: await onnxExecutor({ device: "webgpu" }), note: "" };
  } catch (error) {
    if (!(error instanceof DiffuCoderError)) throw error;
    return { note: ` (SKIPPED: ${error.message})` };
  }
}

function useLayer(): void {
  const folder = mkdtempSync(join(tmpdir(), "vulkan-layer-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const library = join(folder, "libfeatures.so");
  try {
    execFileSync("cc", ["-shared", "-fPIC", "-o", library, layerSource], { stdio: "pipe" });
  } catch {
    return; // no compiler or no headers: the device must do without
  }
  const functions = { vkGetInstanceProcAddr: "fl_gipa", vkGetDeviceProcAddr: "fl_gdpa" };
  const about = { name: "VK_LAYER_test_features", type: "GLOBAL", api_version: "1.3.0", implementation_version: "1", description: "features" };
  writeFileSync(join(folder, "layer.json"), JSON.stringify({ file_format_version: "1.1.2", layer: { ...about, library_path: library, functions } }));
  process.env["VK_LAYER_PATH"] = folder;
  process.env["VK_INSTANCE_LAYERS"] = about.name;
}
