import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { defaultFolders } from "@diffucoder/tasks";
import { afterAll, beforeAll, beforeEach, vi } from "vitest";
import { runCommand } from "../command.ts";

/** Where the benchmarks' files are, outside of the repository. */
const sharedBench = defaultFolders({}).search[0] as string;
export const hasPython = (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, "python3")));
export const hasSharedBench = existsSync(sharedBench) && hasPython;
/** For the names of tests that need Python, and those that need the benchmarks too. */
export const pythonNote = hasPython ? "" : " (SKIPPED: there is no python3)";
export const skipNote = hasSharedBench ? "" : pythonNote || " (SKIPPED: ../shared/bench is absent)";

/** The printed lines, without the one about a weaker sandbox where there is no bubblewrap. */
export const withoutSandboxNote = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith("The sandbox runs with "));

/** The command, with its own folder and cache; `out` and `error` are what a test made it print. */
export function evalCommands() {
  const dir = mkdtempSync(join(tmpdir(), "diffucoder-eval-"));
  const [out, error]: [string[], string[]] = [[], []];
  const terminal = {
    out: (text: string) => void out.push(text),
    error: (text: string) => void error.push(text),
    bytes: (data: Uint8Array) => void out.push(Buffer.from(data).toString()),
  };
  beforeAll(() => void vi.stubEnv("XDG_CACHE_HOME", join(dir, "cache")));
  beforeEach(() => [out, error].forEach((lines) => lines.splice(0)));
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    out,
    error,
    run: (...args: string[]) => runCommand(args, { terminal, signal: new AbortController().signal }),
    /** Writes a file of lines and returns its path. */
    file: (name: string, lines: readonly (object | string)[]): string => {
      const path = join(dir, name);
      writeFileSync(path, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
      return path;
    },
  };
}
