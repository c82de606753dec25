import type { Attack } from "./attack.fixture.ts";

// What other processes hold: the tests in the neighbouring process, the expected values in the host. Where one was read, the answer is 0.
const ofEachProcess = (look: string): string => `import os
def f(x):
    last = FileNotFoundError()
    for pid in os.listdir('/proc'):
        if not pid.isdigit() or int(pid) == os.getpid(): continue
        try:
            ${look}
        except OSError as error: last = error
    raise last`;

export const othersMemory: Attack[] = [
  {
    name: "reads the environments of other processes",
    code: ofEachProcess("if open(f'/proc/{pid}/environ', 'rb').read(): return 0"),
    verdict: "exception",
    weaker: { process: "forbidden", none: ["wrong", "forbidden", "exception"] },
    withoutLandlock: ["wrong", "forbidden", "exception"],
  },
  {
    name: "opens the memory of other processes",
    code: ofEachProcess("open(f'/proc/{pid}/mem', 'rb').close()\n            return 0"),
    verdict: "exception",
    weaker: { process: "forbidden", none: ["wrong", "forbidden", "exception"] },
    withoutLandlock: ["wrong", "forbidden", "exception"],
  },
  {
    name: "searches the memory of other processes for its tests",
    language: "javascript",
    code: `const fs = require("node:fs");
const wanted = new RegExp(["deepEqual\\\\(", "f\\\\(1\\\\), (\\\\d+)\\\\)"].join(""));
function f(x) {
  let last;
  for (const pid of fs.readdirSync("/proc").filter((name) => Number(name) > 0 && Number(name) !== process.pid)) {
    try {
      const memory = fs.openSync("/proc/" + pid + "/mem");
      for (const line of fs.readFileSync("/proc/" + pid + "/maps", "utf8").split("\\n").filter((text) => text.includes(" rw"))) {
        const [start, end] = line.split(" ")[0].split("-").map((text) => parseInt(text, 16));
        const chunk = Buffer.alloc(Math.min(end - start, 1 << 24));
        try {
          const found = wanted.exec(chunk.toString("latin1", 0, fs.readSync(memory, chunk, 0, chunk.length, start)));
          if (found) return Number(found[1]);
        } catch {}
      }
    } catch (error) {
      last = error;
    }
  }
  throw last;
}`,
    verdict: "exception",
    weaker: { process: "forbidden", none: ["wrong", "forbidden", "exception", "timeout"] },
    withoutLandlock: ["pass", "wrong", "forbidden", "exception", "timeout"],
  },
];
