// What createSandbox says on machines that lack something: a search path with programs that stand for Python and bubblewrap.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { IsolationLevel } from "./provider.ts";
import { createSandbox } from "./sandbox.ts";

const machine = vi.hoisted(() => ({ hasPyodide: false }));

/** Pyodide itself is started in pyodide/pyodide.test.ts. */
vi.mock(import("./pyodide/provider.ts"), async (original) => ({
  ...(await original()),
  pyodideProvider: () => {
    if (!machine.hasPyodide) throw new UnavailableError({ what: "Pyodide", problem: "the package pyodide is not installed" });
    const worker = { start: async () => {}, run: async () => undefined, close: () => {} };
    return { isolation: { level: "pyodide", description: "Pyodide (weaker)" }, languages: ["python"], writableTmp: false, worker: () => worker };
  },
}));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-start-"));
  chmodSync(folder, 0o755);
  vi.stubEnv("PATH", folder);
  machine.hasPyodide = false;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a program in JavaScript on the search path. */
const install = (name: string, program: string): void => writeFileSync(join(folder, name), `#!${process.execPath}\n${program}`, { mode: 0o755 });

const says = (filtered: boolean): string => `console.log(JSON.stringify({ id: "", filtered: ${filtered} })); process.stdin.resume()`;
const works = says(true);
const fails = 'console.error("bwrap: No permissions to create a new namespace"); process.exit(1)';
const WAY_OUT =
  'Install what is missing, on Debian with: apt-get install bubblewrap python3; elsewhere, for weaker isolation: npm install pyodide. Isolation "none" runs programs unprotected.';

/** The level that is taken, and what is said of it. */
async function levelOf(isolation?: "none"): Promise<{ level: IsolationLevel; description: string }> {
  const sandbox = await createSandbox({ workers: 1, ...(isolation && { isolation }) });
  sandbox.close();
  return sandbox.isolation;
}

it("takes bubblewrap where it starts", async () => {
  install("python3", fails);
  install("bwrap", works);
  expect((await levelOf()).level).toBe("bubblewrap");
});

it("takes filtered processes where bubblewrap is missing or does not start, and calls them weaker", async () => {
  install("python3", works);
  expect((await levelOf()).level).toBe("process");
  install("bwrap", fails);
  const { level, description } = await levelOf();
  expect(level).toBe("process");
  expect(description).toContain("weaker");
});

it("takes Pyodide where there is no Python, or nothing that filters system calls", async () => {
  machine.hasPyodide = true;
  expect((await levelOf()).level).toBe("pyodide");
  install("python3", says(false));
  expect((await levelOf()).level).toBe("pyodide");
});

it("names what is missing, what to install, and what there is without isolation", async () => {
  await expect(createSandbox()).rejects.toThrow(UnavailableError);
  await expect(createSandbox()).rejects.toThrow(
    `The sandbox is not available: bubblewrap: no python3 was found; process: no python3 was found; pyodide: the package pyodide is not installed. ${WAY_OUT}`,
  );
  install("python3", says(false));
  await expect(createSandbox()).rejects.toThrow(
    `The sandbox is not available: bubblewrap: bwrap was not found; process: this system does not filter system calls; pyodide: the package pyodide is not installed. ${WAY_OUT}`,
  );
});

it("runs programs without isolation only if that is asked for, and says so", async () => {
  install("python3", says(false));
  expect(await levelOf("none")).toEqual({
    level: "none",
    description: "NO ISOLATION: only time and memory are limited; programs can read and change everything that this user can",
  });
});

it("does not take another than was asked for, and gives the reason and the way out", async () => {
  machine.hasPyodide = true;
  install("python3", works);
  await expect(createSandbox({ isolation: "bubblewrap" })).rejects.toThrow(
    `The sandbox with isolation by bubblewrap is not available: bwrap was not found. ${WAY_OUT}`,
  );
  install("bwrap", fails);
  await expect(createSandbox({ isolation: "bubblewrap" })).rejects.toThrow("bwrap: No permissions to create a new namespace");
  machine.hasPyodide = false;
  await expect(createSandbox({ isolation: "pyodide" })).rejects.toThrow(
    `The sandbox with isolation by pyodide is not available: the package pyodide is not installed. ${WAY_OUT}`,
  );
});
