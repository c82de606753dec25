import { ANSWERS_FILE, type Attack } from "./attack.fixture.ts";

/** A program whose function does something in JavaScript, which Python reaches under Pyodide by this way. */
const inJavaScript = (statements: string): string => `import sys
sys.modules.pop("_pyodide_core", None)
from _pyodide_core import create_proxy
Function = create_proxy(len).toString.constructor
def f(x):
    return Function("x", ${JSON.stringify(statements)})(x)`;

/** Elsewhere there is no such module. */
const verdict = "exception";

export const pyodide: Attack[] = [
  { name: "imports JavaScript", code: "import js\ndef f(x):\n    return js.eval('998244360')", verdict },
  { name: "has Pyodide run JavaScript", code: "from pyodide.code import run_js\ndef f(x):\n    return run_js('998244360')", verdict },
  {
    name: "reads the answers from a file in JavaScript",
    code: inJavaScript(`return JSON.parse((globalThis.fs ?? process.getBuiltinModule("fs")).readFileSync("${ANSWERS_FILE}"))[x]`),
    verdict,
  },
  { name: "fetches a page in JavaScript", code: inJavaScript('fetch("http://127.0.0.1:80/"); return 0'), verdict },
  { name: "connects in JavaScript", code: inJavaScript('globalThis.net.connect(80, "127.0.0.1"); return 0'), verdict },
  { name: "kills its parent in JavaScript", code: inJavaScript("process.kill(process.ppid, 9); return 0"), verdict },
  { name: "starts a program in JavaScript", code: inJavaScript('globalThis.child_process.execSync("true"); return 0'), verdict },
  {
    name: "allocates more and more in JavaScript",
    code: inJavaScript("const kept = []; for (;;) kept.push(new Uint8Array(1e8).fill(1))"),
    verdict,
    weaker: { pyodide: "memory" },
  },
  {
    name: "makes a larger memory of its own in JavaScript",
    code: inJavaScript("return new WebAssembly.Memory({ initial: 1 }).grow(1)"),
    verdict,
  },
];
