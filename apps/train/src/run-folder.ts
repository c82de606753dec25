import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileError, readJsonObject, writeFileAtomic } from "@diffucoder/core";

/** Name of the file that says what a folder's results were made with. */
export const SETTINGS_FILE = "settings.json";

/**
 * Makes sure that all results in a folder come from the same recipe and the same model: the first run writes them down.
 *
 * @throws {FileError} if the folder holds a run with others, or the model is missing
 */
export function claimFolder(output: string, { recipe, modelDir }: { recipe: unknown; modelDir: string }): void {
  const settings = { recipe, model: sha256(join(modelDir, "model.safetensors")) };
  const path = join(output, SETTINGS_FILE);
  if (!existsSync(path)) {
    writeFileAtomic(path, `${JSON.stringify(settings, null, 2)}\n`);
  } else if (JSON.stringify(readJsonObject(path)) !== JSON.stringify(settings)) {
    throw new FileError({
      path,
      problem: "belongs to a run with other settings or another model",
      wayOut: "Start over with --fresh, or give another folder with --output.",
    });
  }
}

function sha256(path: string): string {
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
