export {
  AbortedError,
  ConfigError,
  ConstraintError,
  DiffuCoderError,
  FileError,
  InvalidArgumentError,
  NoChatTemplateError,
  NumericalError,
  OutOfMemoryError,
  ShapeError,
  show,
  TooLongError,
  UnavailableError,
} from "./errors.ts";
export { listenForAbort } from "./abort-listener.ts";
export { createRandom, type Random, type StreamName } from "./random.ts";
export { type ConfigLayer, mergeSettings, parseConfig, readConfigData, readJsonObject } from "./config.ts";
export { configTable, describeConfig, type DescribedKey } from "./describe-config.ts";
export { type FileLockOptions, type LockHolder, withFileLock } from "./file-lock.ts";
export { writeFileAtomic } from "./files.ts";
export { JsonLinesLog, readJsonLines } from "./json-lines.ts";
export { nearestName } from "./nearest-name.ts";
export type { OnProgress, ProgressEvent } from "./progress.ts";
export { folderFile } from "./folder-file.ts";
export { decodeText, readBytes, readError, readText } from "./read-file.ts";
export { requireRegularFile } from "./regular-file.ts";
export { valueProblem } from "./value-problem.ts";
export { standInError } from "./stand-in.ts";
export { changedSettings } from "./changed-settings.ts";
export { claimRun, type ClaimedRun, type ClaimRunOptions, RUN_FILE } from "./run-folder/claim-run.ts";
export { withFolder } from "./run-folder/folder-lock.ts";
export { contentHash, type RunFingerprint, runFingerprint, TOKENIZER_FILES } from "./run-folder/run-fingerprint.ts";
