// A process that loads Pyodide, drops whatever abilities it can, and then does one piece of work, in_pyodide.py. Node's permissions let it read
// only Pyodide's own folder. Files: 0 and 1 a program's standard streams, 3 the work, 4 answers, 5 lines for Python, 6 its calls. File 3 gives a
// line of JSON, { folder, setup, size }, then a memory image of that size (if 0, it makes one and writes it to file 4), then the work as a line of
// JSON.
"use strict";
{
  const fs = require("node:fs");
  const PAGE = 1 << 16;
  const NOBODY = 65534;
  const exit = process.reallyExit.bind(process);

  function read(size) {
    const bytes = Buffer.allocUnsafe(size);
    for (let at = 0; at < size;) {
      const count = fs.readSync(3, bytes, at, size - at);
      if (count === 0) exit(1);
      at += count;
    }
    return bytes;
  }

  function readLine() {
    const chunks = [];
    for (let byte; (byte = read(1)[0]) !== 10;) chunks.push(byte);
    return Buffer.from(chunks).toString();
  }

  function writeAll(file, bytes) {
    for (let at = 0; at < bytes.length;) at += fs.writeSync(file, bytes, at);
  }

  // Python's memory grows to a job's limit, and no further.
  let memoryLimit = Infinity;
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE > memoryLimit) throw new RangeError("more memory than the job may have");
    return grow.call(this, pages);
  };

  /** A Python file that is backed by one of this process. */
  function device(python, name, minor, file) {
    const operations = {
      open() {},
      close() {},
      read: (_, buffer, offset, length) => fs.readSync(file, buffer, offset, length),
      write(_, buffer, offset, length) {
        let done = 0;
        while (done < length) done += fs.writeSync(file, buffer, offset + done, length - done);
        return length;
      },
    };
    const path = `/dev/${name}`;
    if (python.FS.analyzePath(path).exists) python.FS.unlink(path);
    python.FS.registerDevice(python.FS.makedev(100, minor), operations);
    python.FS.mkdev(path, 0o666, python.FS.makedev(100, minor));
  }

  /** Against a program that reaches JavaScript: no network, no processes, no way to load more of Node. */
  function giveUp() {
    const deny = () => {
      throw Object.assign(new Error("not permitted"), { code: "EPERM" });
    };
    const empty = (thing) => {
      for (const [name, { value, configurable, writable }] of Object.entries(Object.getOwnPropertyDescriptors(thing))) {
        if (typeof value !== "function" || name === "constructor") continue;
        if (value.prototype) empty(value.prototype);
        if (configurable || writable) Object.defineProperty(thing, name, { value: deny });
      }
    };
    const { builtinModules } = require("node:module"); // node -e defines them all as globals
    const names = "net dgram http https http2 tls dns dns/promises child_process cluster worker_threads inspector repl wasi v8 module vm os";
    for (const thing of names.split(" ").map((name) => require(`node:${name}`))) empty(thing);
    const ours = new Set(["nextTick", "emit", "on", "once", "off", "listenerCount", "cwd", "hrtime", "emitWarning", "_tickCallback"]);
    for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(process))) {
      if (typeof value === "function" && configurable && !ours.has(name)) Object.defineProperty(process, name, { value: deny });
    }
    for (const name of ["mainModule", "report", "argv", "execArgv", "permission"]) {
      if (Object.getOwnPropertyDescriptor(process, name)?.configurable !== false) Object.defineProperty(process, name, { value: undefined });
    }
    const globals = ["fetch", "WebSocket", "EventSource", "Request", "Response", "process", "WebAssembly", "require", "module", "exports"];
    for (const name of [...globals, "__filename", "__dirname", ...builtinModules]) {
      Object.defineProperty(globalThis, name, { value: undefined, configurable: false, writable: false });
    }
  }

  async function main() {
    const { folder, setup, size } = JSON.parse(readLine());
    const { constants } = fs;
    const os = { ...require("node:os").constants };
    fs.fsyncSync = () => {}; // denied, but called for standard streams
    process.binding = () => ({ fs: constants, os }); // Pyodide requests these in a way that permissions deny
    const { loadPyodide } = await import(`${folder}pyodide.mjs`);
    const image = size > 0 ? { _loadSnapshot: read(size) } : { _makeSnapshot: true };
    const python = await loadPyodide({
      ...image,
      indexURL: require("node:url").fileURLToPath(folder),
      jsglobals: Object.create(null),
      env: { PYTHONHASHSEED: "0" },
    });
    if (size === 0) {
      python.runPython(setup);
      const made = python.makeMemorySnapshot();
      writeAll(4, Buffer.from(`${made.length}\n`));
      writeAll(4, made);
      exit(0);
    }
    for (const [i, [name, file]] of [
      ["stdin", 0],
      ["stdout", 1],
      ["answers", 4],
      ["lines", 5],
      ["calls", 6],
    ].entries())
      device(python, name, i, file);
    const perform = python.runPython("from sandbox.in_pyodide import perform; perform");
    if (process.getuid?.() === 0) {
      process.setgroups([]);
      process.setgid(NOBODY);
      process.setuid(NOBODY);
    }
    giveUp();
    writeAll(4, Buffer.from('["started",null]\n'));
    const { memory, ...work } = JSON.parse(readLine());
    memoryLimit = size + memory;
    perform(JSON.stringify(work));
    exit(0);
  }

  main().catch((error) => {
    try {
      fs.writeSync(2, `${error?.stack ?? error}\n`);
    } catch {}
    exit(1);
  });
}
