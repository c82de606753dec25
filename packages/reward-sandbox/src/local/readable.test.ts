// A folder that is bound whole holds what users put there: /usr/src/app is where Docker's images have them put it.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSandbox } from "../sandbox.ts";
import { findPython } from "./launch.ts";
import { canRun, LEVELS, titleOf } from "./levels.fixture.ts";
import { probePython, type ProbedPython } from "./probe-python.ts";
import { checkApart, readableBy } from "./readable.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "readable-"))));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Every file below / that a program can read, by its name's end. */
const SEARCH = `
import os
def f(names):
    found, seen = [], 0
    for folder, folders, files in os.walk('/'):
        if folder.startswith(('/proc', '/sys')): folders.clear()
        seen += len(files)
        for name in files:
            if name in names:
                try: found.append(open(os.path.join(folder, name)).read())
                except OSError: pass
    return [found, seen > 100]
`;

describe.each(LEVELS)("under %s", (level) => {
  const isRoot = process.getuid?.() === 0;
  it.runIf(canRun(level) && isRoot)(
    `a program finds no file of a user, wherever it lies${isRoot ? "" : " (SKIPPED: it takes root to put files there)"}, under ${titleOf(level)}`,
    async () => {
      const name = `readable-test-${process.pid}.json`;
      const places = [
        "/usr/src/app",
        "/opt/app",
        "/usr/local/app",
        "/usr/share/app",
        "/home/app",
        "/var/app",
        "/srv/app",
        "/etc/app",
        "/mnt/app",
        "/tmp/app",
      ];
      const made = places.flatMap((place) => mkdirSync(place, { recursive: true }) ?? []);
      const sandbox = await createSandbox({ workers: 1, isolation: level });
      try {
        for (const place of places) writeFileSync(join(place, name), "the answers");
        const { outcomes } = await sandbox.run({ code: SEARCH, entryPoint: "f", inputs: [[[name]]], wallTimeMs: 60_000 });
        // Where only paths can be walked that may be read, nothing is seen from / on.
        expect(outcomes).toMatchObject([{ status: "ok", value: [[], level === "bubblewrap"] }]);
        const direct = `def f(path):\n    return open(path).read()`;
        const reads = await sandbox.run({ code: direct, entryPoint: "f", inputs: places.map((place) => [join(place, name)]), wallTimeMs: 60_000 });
        expect(reads.outcomes.map(({ status }) => status)).toEqual(places.map(() => (level === "bubblewrap" ? "exception" : "forbidden")));
      } finally {
        sandbox.close();
        for (const place of places) rmSync(join(place, name), { force: true });
        for (const place of made) rmSync(place, { recursive: true });
      }
    },
    120_000,
  );

  it.runIf(canRun(level))(`modules, time zones and libraries are there, under ${titleOf(level)}`, async () => {
    const sandbox = await createSandbox({ workers: 1, isolation: level });
    const code = `def f(name):\n    __import__(name)\n    return True`;
    const names = ["ssl", "sqlite3", "ctypes", "decimal", "lzma", "bz2", "hashlib", "zoneinfo", "unittest.mock", "asyncio", "xml.dom.minidom"];
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: names.map((name) => [name]), wallTimeMs: 20_000 });
    sandbox.close();
    expect(outcomes.map((outcome) => outcome.status)).toEqual(names.map(() => "ok"));
  });
});

describe("checkApart", () => {
  const readable = (paths: string[], hidden: string[] = []) => ({ python: "/p", engine: "/n", paths, hidden, hasLandlock: true });

  it("refuses to start where the working folder lies in what programs can read, also behind a link", () => {
    vi.spyOn(process, "cwd").mockReturnValue(join(folder, "app"));
    mkdirSync(join(folder, "app"));
    const problem = (path: string): string =>
      `A sandbox is not available: the working folder ${join(folder, "app")} lies in ${path}, which programs can read.`;
    expect(() => checkApart(readable([folder]))).toThrow(problem(folder));
    symlinkSync(folder, join(folder, "link"));
    expect(() => checkApart(readable([join(folder, "link")]))).toThrow(problem(join(folder, "link")));
    expect(() => checkApart(readable([folder], [join(folder, "app")]))).not.toThrow();
    expect(() => checkApart(readable([join(folder, "app-two")].map((path) => (mkdirSync(path), path))))).not.toThrow();
  });

  it("refuses to start where the home folder lies there", () => {
    vi.stubEnv("HOME", folder);
    expect(() => checkApart(readable([folder]))).toThrow(
      `A sandbox is not available: the home folder ${folder} lies in ${folder}, which programs can read.`,
    );
    vi.unstubAllEnvs();
  });
});

it.runIf(canRun("process"))(`hides installed packages, and knows Python behind a link, under ${titleOf("process")}`, () => {
  const python = findPython() as string;
  symlinkSync(python, join(folder, "python3"));
  const answer = probePython(join(folder, "python3"), { hasPackages: false });
  const readable = readableBy((answer as { python: ProbedPython }).python);
  expect(readable.python).toBe(python);
  expect(readable.paths.some((path) => /\/python3\.\d+$/.test(path))).toBe(true);
  expect(readable.paths.filter((path) => ["/", "/usr", "/usr/lib/python3", "/usr/share", "/usr/local"].includes(path))).toEqual([]);
});
