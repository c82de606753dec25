// What lies in the place of a file that was not downloaded: Git's large file storage leaves a note of three lines, and a login
// page or a proxy answers any address with HTML.
import { FileError } from "./errors.ts";

const LFS_POINTER = "version https://git-lfs.github.com/spec/";

/** The error for a file whose beginning says that it only stands for another; `undefined` if it does not. */
export function standInError(path: string, beginning: string): FileError | undefined {
  const start = beginning.trimStart();
  if (start.startsWith(LFS_POINTER))
    return new FileError({
      path,
      problem: "is a Git LFS pointer, not the file that it stands for",
      wayOut: "Run git lfs pull in its folder, or download the file again.",
    });
  if (/^<(!doctype html|html)\b/i.test(start))
    return new FileError({
      path,
      problem: "is a web page, not the file that was asked for",
      wayOut: "Download the file again, after logging in where that is asked.",
    });
  return undefined;
}
