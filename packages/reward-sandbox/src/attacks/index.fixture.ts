import type { Attack } from "./attack.fixture.ts";
import { controlFlow } from "./control-flow.fixture.ts";
import { earlyExit } from "./early-exit.fixture.ts";
import { encoding } from "./encoding.fixture.ts";
import { equality } from "./equality.fixture.ts";
import { fileDescriptors } from "./file-descriptors.fixture.ts";
import { fileSystem } from "./file-system.fixture.ts";
import { heldMemory, kernelMemory } from "./held-memory.fixture.ts";
import { introspection } from "./introspection.fixture.ts";
import { javascript } from "./javascript.fixture.ts";
import { monkeypatching } from "./monkeypatching.fixture.ts";
import { network } from "./network.fixture.ts";
import { othersMemory } from "./others-memory.fixture.ts";
import { output } from "./output.fixture.ts";
import { parsers } from "./parsers.fixture.ts";
import { pickles } from "./pickles.fixture.ts";
import { processes } from "./processes.fixture.ts";
import { pyodide } from "./pyodide.fixture.ts";
import { readableFolders } from "./readable-folders.fixture.ts";
import { resourceBombs } from "./resource-bombs.fixture.ts";

/** Every attack, by class. */
export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "early exit": earlyExit,
  "control flow": controlFlow,
  equality,
  introspection,
  monkeypatching,
  "file descriptors": fileDescriptors,
  "processes and signals": processes,
  "file system": fileSystem,
  "readable folders": readableFolders,
  "memory of other processes": othersMemory,
  network,
  "resource bombs": resourceBombs,
  "memory held by others": heldMemory,
  "kernel memory": kernelMemory,
  parsers,
  "forged output": output,
  "unicode and encoding": encoding,
  pickles,
  JavaScript: javascript,
  "JavaScript behind Pyodide": pyodide,
};
