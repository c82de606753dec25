export { processTerminal } from "./process-terminal.ts";
export { addSettingOptions, kebab } from "./setting-options.ts";
export { showProgress, type ShowProgressOptions } from "./show-progress.ts";
export { createProgram, runProgram, type RunProgramOptions } from "./run-program.ts";
export { type SignalSource, StoppedBySignal, type StopSignal, stopSignals } from "./stop-signals.ts";
export { type ProgressStream, type Screen, type Terminal, writeText } from "./terminal.ts";
export { visibleText } from "./visible-text.ts";
