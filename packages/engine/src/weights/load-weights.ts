// A model's weights as its executor wants them: read, quantized and laid out; of a download that is quantized, from the copy that is kept.
import { FileError, type OnProgress, withFileLock } from "@diffucoder/core";
import { layOutParameters, type LoadedModel, loadModel, modelConfigPath, type Quantization, readQuantization } from "@diffucoder/model";
import { type Executor, weightLayout } from "@diffucoder/tensor";
import type { ModelFolder } from "../folder/model-folder.ts";
import { besideSnapshot, type SnapshotFile } from "../hub/beside-snapshot.ts";
import { readCopy, writeCopy } from "./quantized-copy.ts";

/** How weights come into memory. */
export interface LoadWeightsOptions {
  /** What the matrices are made to be; `undefined`: as the files hold them. */
  quantize: Quantization | undefined;
  /** What reads them. */
  executor: Executor;
  /** Stops the work between two parameters. */
  signal?: AbortSignal | undefined;
  /** Parameters that were read or quantized. */
  onProgress?: OnProgress | undefined;
}

/**
 * Loads the weights of a model's folder. Of several processes that want the same copy of a download, one makes it and the others wait for it.
 *
 * @throws what `loadModel` throws; an AbortError when `signal` fires
 */
export async function loadWeights(model: ModelFolder, options: LoadWeightsOptions): Promise<LoadedModel> {
  const { executor, signal } = options;
  const isInPanels = weightLayout(executor) !== undefined;
  // What is quantized in its files already is worth a copy for the kernels' order alone.
  const quantize = options.quantize ?? (isInPanels ? readQuantization(modelConfigPath(model.dir)) : undefined);
  const place = quantize && besideSnapshot(model.dir, `${quantize}${isInPanels ? "-panels" : ""}.safetensors`);
  if (place === undefined) return makeWeights(model, options);
  const findOrMake = async (): Promise<LoadedModel> => readCopy(place, model) ?? keep(place, model, await makeWeights(model, options));
  const kept = readCopy(place, model);
  if (kept !== undefined) return kept;
  let isLocked = false;
  try {
    return await withFileLock(place.lock, () => ((isLocked = true), findOrMake()), { signal });
  } catch (cause) {
    const { syscall, message } = cause as NodeJS.ErrnoException;
    if (isLocked || syscall === undefined) throw cause;
    return withNotice(await makeWeights(model, options), message); // a cache that this user may only read
  }
}

async function makeWeights({ dir, family }: ModelFolder, { quantize, executor, signal, onProgress }: LoadWeightsOptions): Promise<LoadedModel> {
  const loaded = await loadModel(dir, { quantize, family, signal, onProgress });
  if (loaded.quantization !== undefined) await layOutParameters(loaded.parameters, executor);
  return loaded;
}

/** Writes the copy, and gives it in the place of what it was written from, which is not mapped. */
function keep(place: SnapshotFile, model: ModelFolder, made: LoadedModel): LoadedModel {
  try {
    writeCopy(place, made);
    return readCopy(place, model) ?? made;
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof FileError) && syscall === undefined) throw error;
    return withNotice(made, message);
  }
}

function withNotice(loaded: LoadedModel, problem: string): LoadedModel {
  const notice = `the quantized weights could not be kept and are made again at the next start: ${problem.replace(/\.$/, "")}`;
  return { ...loaded, notices: [...(loaded.notices ?? []), notice] };
}
