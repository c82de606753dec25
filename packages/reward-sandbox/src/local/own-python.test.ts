// A Python of one's own: virtual environments that are made here, in a folder that stands for a user's home, and what stands for other programs.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createSandbox, type Sandbox, type SandboxOptions } from "../sandbox.ts";
import { canRun, LEVELS, titleOf } from "./levels.fixture.ts";
import { virtualEnvironment } from "./virtual-environment.fixture.ts";

const isRoot = process.getuid?.() === 0;

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "own-python-"));
  chmodSync(folder, 0o755);
  return folder;
}

describe.each(LEVELS)("under %s", (level) => {
  describe.runIf(canRun(level))(`a virtual environment, under ${titleOf(level)}`, () => {
    let home: string, python: string, sandbox: Sandbox;

    beforeAll(async () => {
      home = newFolder();
      const mine = virtualEnvironment(join(home, "mine"), "tiny");
      virtualEnvironment(join(home, "another"), "other");
      for (const path of [join(home, "answers.txt"), join(home, "mine", "answers.txt")]) writeFileSync(path, "42");
      mkdirSync(join(home, "sources"));
      writeFileSync(join(home, "sources", "edited.py"), "");
      writeFileSync(join(mine.packages, "edited.pth"), join(home, "sources"));
      writeFileSync(join(mine.packages, "starts.pth"), "import builtins; builtins.started = True");
      python = mine.python;
      vi.stubEnv("HOME", home);
      sandbox = await createSandbox({ workers: 1, isolation: level, python });
    });
    afterAll(() => {
      sandbox.close();
      vi.unstubAllEnvs();
      rmSync(home, { recursive: true });
    });

    const outcomes = async (code: string, inputs: readonly (readonly unknown[])[]) =>
      (await sandbox.run({ code, entryPoint: "f", inputs, wallTimeMs: 20_000 })).outcomes.map((outcome) =>
        outcome.status === "ok" ? outcome.value : `${outcome.status}: ${outcome.detail}`,
      );

    it("has the packages that are installed in it, and no others", async () => {
      const code = "def f(name):\n    return getattr(__import__(name), 'word', 'found')";
      const absent = "exception: ModuleNotFoundError";
      expect(await outcomes(code, [["tiny"], ["json"], ["other"], ["edited"], ["pip"]])).toEqual(["of tiny", "found", absent, absent, absent]);
    });

    it("is its prefix, with a home of its own, and runs none of the code in its .pth files", async () => {
      const code = "import builtins, os, sys\ndef f():\n    return [sys.prefix, os.path.expanduser('~'), hasattr(builtins, 'started')]";
      expect(await outcomes(code, [[]])).toEqual([[expect.stringMatching(/\/mine$/), "/tmp", false]]);
    });

    it("shows nothing else of the folder that it lies in", async () => {
      const reading = "def f(path):\n    return open(path).read()";
      const files = ["answers.txt", "mine/answers.txt", "sources/edited.py"].flatMap((name) => [join(home, name), join("/outside", home, name)]);
      const readings = await outcomes(
        reading,
        files.map((file) => [file]),
      );
      const [absent, denied] = ["exception: FileNotFoundError", "forbidden: PermissionError"];
      expect(readings).toEqual(files.map((file) => (level === "bubblewrap" || file.startsWith("/outside") ? absent : denied)));
    });

    it("is named, with the libraries that are installed in it", () => {
      const version = expect.stringMatching(/^3\.\d+\.\d+/) as string;
      expect(sandbox.python).toEqual({ path: python, version, libraries: { tiny: "1.2" } });
      const { description } = sandbox.isolation;
      expect(description.slice(description.lastIndexOf("; ") + 2)).toBe(
        `Python ${sandbox.python?.version} in ${join(home, "mine")} with 1 installed packages, without ${join(home, "sources")}, which lie elsewhere`,
      );
    });

    it("runs tests that are code, in a process of their own", async () => {
      const code = "import tiny\ndef f():\n    return tiny.word";
      const { trust, verdicts } = await sandbox.runTests({
        code,
        entryPoint: "f",
        tests: ["import tiny\nassert f() == tiny.word"],
        wallTimeMs: 20_000,
      });
      expect([trust, verdicts.map(({ verdict }) => verdict)]).toEqual(["high", ["pass"]]);
    });
  });

  it.runIf(canRun(level) && isRoot)(
    `a Python that nobody but root can read, as nobody${isRoot ? "" : " (SKIPPED: it takes root to have one)"}, under ${titleOf(level)}`,
    async () => {
      const folder = newFolder();
      const { python, packages } = virtualEnvironment(join(folder, "mine"), "tiny");
      chmodSync(folder, 0o700);
      const options = { workers: 1, isolation: level, python } as const;
      try {
        if (level === "process") {
          const program = { what: "The sandbox with isolation by process", problem: `programs run as the user nobody, who cannot read ${packages}` };
          await expect(createSandbox(options)).rejects.toThrow(new UnavailableError(program).message);
          return;
        }
        const sandbox = await createSandbox(options);
        const code = "import os, tiny\ndef f():\n    return tiny.word";
        expect((await sandbox.run({ code, entryPoint: "f", inputs: [[]] })).outcomes).toMatchObject([{ status: "ok", value: "of tiny" }]);
        sandbox.close();
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

describe("a path without a Python", () => {
  let folder: string;
  beforeEach(() => (folder = newFolder()));
  afterEach(() => rmSync(folder, { recursive: true }));

  const refusal = async (path: string, more: SandboxOptions = {}): Promise<string> => {
    const error: unknown = await createSandbox({ workers: 1, python: path, ...more }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as InvalidArgumentError).message;
  };
  /** A program in JavaScript that stands for another one. */
  const program = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!${process.execPath}\n${text}`, { mode: 0o755 });
    return path;
  };
  const expected = (path: string, reason: string): string => `python must be the path of Python 3.9 or newer, got "${path}". ${reason}`;

  it("that does not exist, or is a folder", async () => {
    const absent = join(folder, "python3");
    expect(await refusal(absent)).toBe(expected(absent, "There is no such file."));
    expect(await refusal(folder)).toBe(expected(folder, "It is a folder."));
    const python = program("bin/python", "");
    expect(await refusal(folder)).toBe(expected(folder, `It is a folder; its Python is ${python}.`));
  });

  it("that is another program, cannot be run, or says nothing", async () => {
    const other = program("other", "console.error('unknown option -s'); process.exit(2)");
    expect(await refusal(other)).toBe(expected(other, "It does not answer like Python: unknown option -s."));
    const text = join(folder, "text");
    writeFileSync(text, "no program");
    expect(await refusal(text)).toBe(expected(text, `It does not answer like Python: spawnSync ${text} EACCES.`));
    const silent = program("silent", "console.log('{}')");
    expect(await refusal(silent)).toBe(expected(silent, "It does not answer like Python: it ended with code 0 and no answer."));
  });

  it.each(["2.7.18", "3.8.10"])("that is too old: %s", async (version) => {
    const old = program("old", `console.log(JSON.stringify({ version: "${version}" }))`);
    expect(await refusal(old)).toBe(expected(old, `It is Python ${version}.`));
  });

  it("whose virtual environment has lost the Python that it was made with", async () => {
    const link = join(folder, "linked", "bin", "python");
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync("/nowhere/bin/python3", link);
    expect(await refusal(link)).toBe(expected(link, "It is a link to /nowhere/bin/python3, which is gone."));
    writeFileSync(join(folder, "linked", "pyvenv.cfg"), "home = /nowhere/bin\n");
    expect(await refusal(link)).toBe(expected(link, "It is a link to /nowhere/bin/python3, which is gone; create the virtual environment again."));
    const copy = program("copied/bin/python", "");
    writeFileSync(join(folder, "copied", "pyvenv.cfg"), "home = /nowhere/bin\nversion = 3.11.2\n");
    expect(await refusal(copy)).toBe(
      expected(copy, "The Python that its virtual environment was made with, in /nowhere/bin, is gone; create the environment again."),
    );
  });

  it("where something else than a process of this machine runs programs", async () => {
    expect(await refusal("/usr/bin/python3", { isolation: "pyodide" })).toBe(
      'python does not apply to isolation "pyodide", which has its own Python. Leave one of the two out.',
    );
    const worker = () => ({ start: async () => {}, run: async () => undefined, close: () => {} });
    const isolation = { isolation: { level: "remote", description: "" }, languages: ["python"], writableTmp: false, worker } as const;
    expect(await refusal("/usr/bin/python3", { isolation })).toBe(
      "python does not apply to isolation by a provider, which has its own Python. Leave one of the two out.",
    );
    expect(await refusal("")).toBe('python must be the path of a Python, got "".');
  });
});
