// Strips types from TypeScript and turns modules into scripts, the form in which an engine here runs programs. Parsing time can
// double with each level of nesting, so the parser runs in a thread that can be ended: this process and its event loop never wait for it.
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { UnavailableError } from "@diffucoder/core";

/** Plain JavaScript: a thread cannot be started from TypeScript under Node 20. */
const THREAD = `
const { Script } = require("node:vm");
const { parentPort, workerData } = require("node:worker_threads");
const { transform } = require(workerData);

/** Code that is no script as it stands, and says import or export. */
function isModule(code) {
  try {
    new Script(code);
    return false;
  } catch {
    return /\\b(import|export)\\b/.test(code);
  }
}

function toScript({ code, types, entryPoint }) {
  const options = { disableESTransforms: true, keepUnusedImports: true };
  const plain = types ? transform(code, { ...options, transforms: ["typescript"] }).code : code;
  if (!isModule(plain)) return plain;
  const script = transform(plain, { ...options, transforms: ["imports"] }).code;
  // Under its name, if it was exported under another, or under none.
  return /^[\\p{ID_Continue}$]+$/u.test(entryPoint ?? "")
    ? script + "\\nif (typeof " + entryPoint + ' === "undefined") globalThis.' + entryPoint + " = exports." + entryPoint + " ?? exports.default;\\n"
    : script;
}

parentPort.on("message", (job) => {
  let script;
  try {
    script = toScript(job);
  } catch {}
  parentPort.postMessage(script);
});
parentPort.postMessage("ready");
`;

/** A program as JavaScript, or why there is none: it does not parse, or parsing takes more time or memory than it may. */
export type Stripped = { code: string } | { failure: "syntax" | "timeout" | "memory" };

/** Removes a thread's listeners. If it fails while idle, the next program notices. */
function forget(thread: Worker): void {
  for (const event of ["message", "error", "exit"]) thread.removeAllListeners(event);
  thread.on("error", () => {});
}

/** A thread that strips types, from one program at a time; a terminated one is started again. */
export class TypeStripper {
  readonly #memoryMb: number;
  #thread: Promise<Worker> | undefined;

  /** @param memoryMb memory that the parser may take, megabytes */
  constructor({ memoryMb }: { memoryMb: number }) {
    this.#memoryMb = memoryMb;
  }

  /**
   * Does not check types. A module becomes a script: its imports become `require` calls and its functions global.
   *
   * @param types whether the code has types. @default true
   * @param entryPoint a name given to a module's export of that name, or its default export, if the module does not declare it
   * @throws {UnavailableError} if no thread can be started, or it was closed meanwhile
   */
  async strip(
    code: string,
    { milliseconds, types = true, entryPoint }: { milliseconds: number; types?: boolean; entryPoint?: string | undefined },
  ): Promise<Stripped> {
    this.#thread ??= this.#start();
    const thread = await this.#thread.catch((error: unknown) => {
      this.#thread = undefined;
      throw error;
    });
    return new Promise((resolve) => {
      const finish = (stripped: Stripped): void => {
        clearTimeout(timer);
        thread
          .removeAllListeners("message")
          .removeAllListeners("error")
          .removeAllListeners("exit")
          .on("error", () => {});
        resolve(stripped);
      };
      const give = (failure: "timeout" | "memory"): void => {
        finish({ failure });
        this.close();
      };
      const timer = setTimeout(() => give("timeout"), milliseconds);
      thread.once("message", (javascript?: string) => finish(javascript === undefined ? { failure: "syntax" } : { code: javascript }));
      thread.once("error", () => give("memory")).once("exit", () => give("memory"));
      thread.postMessage({ code, types, entryPoint }); // oxlint-disable-line unicorn/require-post-message-target-origin -- that is for windows
    });
  }

  close(): void {
    void this.#thread?.then((thread) => thread.terminate()).catch(() => {});
    this.#thread = undefined;
  }

  #start(): Promise<Worker> {
    const thread = new Worker(THREAD, {
      eval: true,
      workerData: createRequire(import.meta.url).resolve("sucrase"),
      resourceLimits: { maxOldGenerationSizeMb: this.#memoryMb },
      env: {},
      execArgv: [],
    });
    thread.unref();
    return new Promise((resolve, reject) => {
      const fail = (problem: string): void => reject(new UnavailableError({ what: "The TypeScript parser", problem }));
      thread.once("message", () => {
        forget(thread);
        resolve(thread);
      });
      thread.once("error", (error) => fail(error.message)).once("exit", () => fail("its thread ended"));
    });
  }
}
