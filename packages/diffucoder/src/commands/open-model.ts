// A command's model, from its name to its answers: what is downloaded, quantized or worth knowing on the way is shown.
import { showProgress } from "@diffucoder/command-line";
import { type DiffuCoder, loadParameters, type LoadParametersOptions, type ModelFolder, modelFolder, readModelFolder } from "@diffucoder/engine";
import { bundledModelDir } from "../bundled-model.ts";
import type { CommandContext } from "../command-context.ts";

/** Where a command shows how far it is. */
export interface OpenModelContext extends Pick<CommandContext, "terminal" | "signal"> {
  /** Progress as JSON lines on a terminal too. */
  json: boolean | undefined;
}

/** The small files of the named model, which is downloaded first if it has to be. */
export async function openModel(
  { model, family }: Readonly<Record<string, unknown>>,
  { terminal, signal, json }: OpenModelContext,
): Promise<ModelFolder> {
  const name = typeof model === "string" ? model : bundledModelDir();
  const onNotice = (notice: string): void => terminal.error(`Note: ${notice}.`);
  const dir = await showProgress({ terminal, json }, (onProgress) => modelFolder(name, { signal, onProgress, onNotice }));
  return readModelFolder(dir, { family: typeof family === "string" ? family : undefined });
}

/** The model ready to answer. */
export async function loadCoder(
  model: ModelFolder,
  options: LoadParametersOptions,
  { terminal, signal, json }: OpenModelContext,
): Promise<DiffuCoder> {
  const coder = await showProgress({ terminal, json }, (onProgress) => loadParameters(model, { ...options, signal, onProgress }));
  for (const notice of coder.notices) terminal.error(`Note: ${notice}.`);
  return coder;
}
