// The quantized weights of a downloaded model, kept beside the download in the order in which kernels read them:
//   CACHE/models--ORG--NAME/diffucoder/COMMIT-int8-panels.safetensors
// The file appears whole or not at all, is never changed, and is mapped into memory: a start reads nothing that is in the page cache.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileError } from "@diffucoder/core";
import { type LoadedModel, modelTraits, type Quantization, quantizedParameterShapes } from "@diffucoder/model";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import type { ModelFolder } from "../folder/model-folder.ts";
import type { SnapshotFile } from "../hub/beside-snapshot.ts";

/** Changes with the meaning of what is kept. */
const VERSION = 1;

/** What the weights were made from and as, which their names and shapes do not tell. */
interface About {
  version: number;
  quantization: Quantization;
  tieWordEmbeddings: boolean;
  notices: readonly string[];
}

/** The model of a copy; `undefined` if there is none, or one that was made otherwise. */
export function readCopy({ path }: Pick<SnapshotFile, "path">, { config }: Pick<ModelFolder, "config">): LoadedModel | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { arrays: parameters, metadata } = readSafetensors(path, { map: true });
    const { version, quantization, tieWordEmbeddings, notices } = JSON.parse(metadata["diffucoder"] ?? "{}") as About;
    const used = Object.freeze({ ...config, tieWordEmbeddings });
    const expected = Object.keys(quantizedParameterShapes(used, quantization));
    if (version !== VERSION || expected.length !== Object.keys(parameters).length) return undefined;
    if (expected.some((name) => parameters[name] === undefined)) return undefined;
    return { ...modelTraits(used), config: used, parameters, quantization, ...(notices.length > 0 && { notices }) };
  } catch (error) {
    if (error instanceof FileError || error instanceof SyntaxError) return undefined; // it is made again
    throw error;
  }
}

/** Keeps a model. @throws {FileError} if it cannot be written */
export function writeCopy({ path }: Pick<SnapshotFile, "path">, { config, parameters, quantization, notices = [] }: LoadedModel): void {
  removeUnfinished(path);
  const about: About = { version: VERSION, quantization: quantization!, tieWordEmbeddings: config.tieWordEmbeddings, notices };
  writeSafetensors(path, parameters, { metadata: { diffucoder: JSON.stringify(about) } });
}

/** What processes that were killed left: nobody else writes while the lock is held. */
function removeUnfinished(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (name.startsWith(`${basename(path)}.tmp-`)) rmSync(join(folder, name), { force: true });
}
