// Placeholders for a file that was not downloaded: Git LFS leaves a pointer of three lines, and a login page or a proxy answers any
// address with HTML.
import { FileError } from "./errors.ts";

const LFS_POINTER = /^version https?:\/\/(git-lfs\.github\.com\/spec|hawser\.github\.com\/spec|git-media\.io)\//;
const WEB_PAGE = /^<(!doctype html|html|head|body|!--)[\s>]/i;
const XML = /^<\?xml\s/;

/** The error for a file that, by its first bytes, is only a placeholder; `undefined` if it is not. */
export function standInError(path: string, beginning: string): FileError | undefined {
  const start = beginning.trimStart();
  if (LFS_POINTER.test(start))
    return new FileError({
      path,
      problem: "is a Git LFS pointer, not the file that it stands for",
      wayOut: "Run git lfs pull in its folder, or download the file again.",
    });
  if (start.startsWith("/annex/objects/"))
    return new FileError({
      path,
      problem: "is a git-annex pointer, not the file that it stands for",
      wayOut: "Run git annex get in its folder, or download the file again.",
    });
  if (XML.test(start))
    return new FileError({
      path,
      problem: "is a server's answer in XML, not the file that was asked for",
      wayOut: "Its text says why; download the file again.",
    });
  if (WEB_PAGE.test(start))
    return new FileError({
      path,
      problem: "is a web page, not the file that was asked for",
      wayOut: "Download the file again, after logging in where that is asked.",
    });
  return undefined;
}
