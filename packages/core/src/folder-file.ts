import { realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { FileError } from "./errors.ts";
import { MAX_TEXT_BYTES, requireRegularFile } from "./regular-file.ts";

/**
 * Path of a file of a folder that came from elsewhere, such as a downloaded model. Neither its name nor a symbolic link
 * may lead out of the folder. Links into the blobs of Hugging Face's cache, where a snapshot's files lie, are followed. It must be a file of bounded
 * size: opening a pipe or reading a device could take for ever.
 *
 * A missing file is not an error here: reading it is.
 *
 * @throws {FileError} if the file lies elsewhere, is a pipe, a device or a folder, or is too large
 */
export function folderFile(
  folder: string,
  name: string,
  {
    maxBytes = MAX_TEXT_BYTES,
  }: {
    /** Largest size, bytes. @default 100 MB, far more than any config or tokenizer */
    maxBytes?: number;
  } = {},
): string {
  const path = join(folder, name);
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name))
    throw new FileError({ path: folder, problem: `names the file ${JSON.stringify(name)}, expected one in the same folder` });
  const real = realPath(path);
  const home = realPath(folder);
  if (real === undefined || home === undefined) return path;
  const homes = basename(dirname(home)) === "snapshots" ? [home, join(dirname(dirname(home)), "blobs")] : [home];
  if (!homes.some((one) => real.startsWith(one + sep)))
    throw new FileError({ path, problem: `is a link out of its folder, to ${real}`, wayOut: "Copy the file into the folder if you trust it." });
  requireRegularFile(path, { maxBytes });
  return path;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
