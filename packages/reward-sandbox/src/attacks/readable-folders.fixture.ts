import type { Attack } from "./attack.fixture.ts";

const looking = (paths: readonly string[]): string => `import os
def f(x):
    last = FileNotFoundError()
    for path in ${JSON.stringify(paths)}:
        try:
            if os.listdir(path): return 0
        except OSError as error: last = error
    raise last`;

// Where users and images keep applications, with their tests and passwords. Where one was seen, the answer is 0.
export const readableFolders: Attack[] = [
  {
    name: "looks where applications lie",
    code: looking(["/usr/src", "/usr/local", "/usr/local/lib", "/opt", "/srv", "/home", "/root", "/app", "/workspace", "/mnt", "/var", "/var/www"]),
    verdict: "exception",
    weaker: { process: ["forbidden", "exception"], pyodide: "wrong", none: "wrong" },
    withoutLandlock: "wrong",
    withPackages: ["wrong", "exception"],
  },
  {
    name: "looks into the system's settings",
    code: looking(["/etc", "/usr/share/doc", "/var/lib", "/run"]),
    verdict: "exception",
    weaker: { process: ["forbidden", "exception"], none: "wrong" },
    withoutLandlock: "wrong",
    withPackages: ["wrong", "exception"],
  },
  {
    name: "looks into the installed packages of Python and Node",
    code: looking(["/usr/lib/python3/dist-packages", "/usr/lib/node_modules", "/usr/local/lib/node_modules"]),
    verdict: "exception",
    weaker: { process: ["forbidden", "exception"], none: ["wrong", "exception"] },
    withoutLandlock: ["wrong", "exception"],
    withPackages: ["wrong", "exception"],
  },
];
