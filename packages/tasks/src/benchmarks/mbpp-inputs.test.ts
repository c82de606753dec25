import { gunzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSandbox, parsePythonRecord } from "@diffucoder/reward-sandbox";
import { describe, expect, it } from "vitest";
import { hasPython, hasSharedBench, pythonNote, sharedBench, skipNote, testFolders } from "../shared-data.fixture.ts";
import { loadTasks } from "../load-tasks.ts";
import { mbppArguments } from "./mbpp-inputs.ts";

/** A whole float where its contract asserts an int; an empty list where it asserts an element. */
const DATASET_BREAKS_ITSELF = new Set(["Mbpp/267", "Mbpp/734"]);

describe("mbppArguments", () => {
  it.each([
    ["(1+2j)", ["1", "2"]],
    ["(-0-1j)", ["-0", "-1"]],
    ["1e-100j", ["0.0", "1e-100"]],
    ["2-j", ["2", "-1"]],
    ["-3.5", ["-3.5", "0.0"]],
  ])("reads the complex number %s", (text, complex) => {
    expect(mbppArguments("Mbpp/252", [text])).toEqual([{ complex }]);
  });

  it("leaves other tasks' arguments as they are", () => {
    expect(mbppArguments("Mbpp/3", [[1], "2"])).toEqual([[1], "2"]);
  });
});

describe.runIf(hasSharedBench && hasPython)(`MBPP+'s contracts${skipNote}${pythonNote}`, () => {
  it("hold for every task's inputs: each function gets the types that it asserts", async () => {
    const { tasks } = await loadTasks({ dataset: "mbpp+", folders: testFolders(), use: "evaluation" });
    const lines = gunzipSync(readFileSync(join(sharedBench, "mbppplus/MbppPlus.jsonl.gz")))
      .toString()
      .trim()
      .split("\n");
    const contracts = new Map(lines.map(parsePythonRecord).map(({ task_id: id, contract }) => [id, contract as string]));
    const sandbox = await createSandbox({ workers: 2 });
    const broken = await Promise.all(
      tasks.map(async ({ id, entryPoint = "", solution = "", hidden }) => {
        if (hidden?.kind !== "reference" || DATASET_BREAKS_ITSELF.has(id)) return [];
        const parameters = new RegExp(`^def ${entryPoint}\\s*\\((.*?)\\)\\s*(?:->.*)?:`, "ms").exec(solution)?.[1];
        const contract = (contracts.get(id) ?? "").replace(/^\n/, "");
        const indent = /^([ \t]+)assert/m.exec(contract)?.[1] ?? "  ";
        const code = `import re\nfrom typing import *\ndef ${entryPoint}(${parameters}):\n${contract}\n${indent}return None\n`;
        const { outcomes } = await sandbox.run({ code, entryPoint, inputs: [...hidden.base, ...hidden.plus.slice(0, 10)] });
        const failed = outcomes.filter(({ status }) => status !== "ok");
        return failed.length === 0 ? [] : [[id, failed[0]]];
      }),
    );
    sandbox.close();
    expect(broken.flat()).toEqual([]);
  });
});
