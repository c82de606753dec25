import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileError, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import { differingSettings } from "@diffucoder/trainer";

/** Name of the file that says what a folder's results were made with. */
export const SETTINGS_FILE = "settings.json";

/**
 * Makes sure that all results in a folder come from the same recipe and the same model: the first run writes them down.
 *
 * @throws {FileError} if the folder holds a run with others, or the model is missing
 */
export function claimFolder(output: string, { recipe, modelDir }: { recipe: unknown; modelDir: string }): void {
  const settings = { recipe, model: modelHash(modelDir) };
  const path = join(output, SETTINGS_FILE);
  if (!existsSync(path)) {
    writeFileAtomic(path, `${JSON.stringify(settings, null, 2)}\n`);
    return;
  }
  const { model, recipe: before } = readJsonObject(path);
  const other = differingSettings(before, recipe);
  if (other === "" && model === settings.model) return;
  throw new FileError({
    path,
    problem: [
      "belongs to a run with ",
      ...(other === "" ? [] : [`other settings: ${other}`]),
      ...(model === settings.model ? [] : [other === "" ? "another model" : "; and with another model"]),
    ].join(""),
    wayOut: "Run with the same settings and model to go on, give another folder with --output, or start over with --fresh.",
  });
}

/** What the weights of a model folder are told apart by. @throws {FileError} if there are none */
export function modelHash(modelDir: string): string {
  const path = join(modelDir, "model.safetensors");
  try {
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } catch (cause) {
    throw new FileError({
      path,
      problem: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message,
      wayOut: "Give the folder of a model with --model.",
      cause,
    });
  }
}
