// Installs and builds what a command needs, when it needs it, and then becomes that command: same standard streams, same exit code.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * What each command runs, and the one workspace package (with all it imports) that must be built for it. Paths that a user gives
 * are relative to the repository, or with `inCallersFolder` to where npm was called.
 */
export const commands = {
  diffucoder: { build: "diffucoder", run: ["packages/diffucoder/dist/cli.js"], inCallersFolder: true },
  start: { build: "@diffucoder/app-train", run: ["apps/train/dist/main.js", "quickstart"] },
  train: { build: "@diffucoder/app-train", run: ["apps/train/dist/main.js"] },
  report: { build: "@diffucoder/app-train", run: ["apps/train/dist/main.js", "report"] },
  serve: { build: "@diffucoder/app-serve", run: ["apps/serve/dist/main.js"] },
  bench: { build: "@diffucoder/bench", run: ["bench/dist/main.js"] },
  parity: { build: "@diffucoder/scripts", run: ["scripts/dist/parity/main.js"] },
  test: { build: undefined, run: ["node_modules/vitest/vitest.mjs", "run"] },
};

const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };

/** Runs one of `commands` and sets the exit code of this process to its exit code. */
export async function runCommand(name, args) {
  const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`Unknown command ${name}; there are ${Object.keys(commands).join(", ")}.\n`);
    process.exitCode = 1;
    return;
  }
  try {
    await install();
    await build(command.build);
    await buildKernels();
    const [script, ...first] = command.run;
    const cwd = command.inCallersFolder ? process.env.INIT_CWD : undefined;
    ({ exitCode: process.exitCode } = await run(process.execPath, [join(root, script), ...first, ...args], { stdio: "inherit", cwd }));
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

class StepError extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Installs from the lockfile, unless the last install that finished was from this very lockfile. */
async function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "pnpm-lock.yaml")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".diffucoder-install");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  await step("Installing dependencies (about a minute the first time)", "npx", ["--yes", pnpmVersion(), "install", "--frozen-lockfile"], {
    shell: process.platform === "win32", // npx is a .cmd file there
    wayOut: "If the network is the reason, check the connection and npm's proxy settings, and run the command again.",
  });
  writeFileSync(stamp, lock);
}

/** Builds a package and what it imports; without a name, everything. Turbo's cache makes this a moment when nothing changed. */
async function build(packageName) {
  const filter = packageName === undefined ? [] : [`--filter=${packageName}`];
  const turbo = join(root, "node_modules", "turbo", "bin", "turbo");
  await step("Building", process.execPath, [turbo, "run", "build", "--output-logs=errors-only", "--log-prefix=none", "--ui=stream", ...filter], {
    wayOut: "In an unchanged clone that is a bug: please report it with this output.",
  });
}

/** Native kernels, where there is a C compiler; turbo does not keep them, since they are this machine's. Says itself what is wrong, once. */
async function buildKernels() {
  const { exitCode, stopped } = await run(process.execPath, [join(root, "packages/kernels/build.mjs")], { stdio: ["ignore", "ignore", "inherit"] });
  if (exitCode !== 0) throw new StepError("The kernels cannot be built.", exitCode);
  if (stopped) throw new StepError("Building: stopped.", 128 + constants.signals.SIGINT);
}

function pnpmVersion() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}

/** Runs a program quietly: one line while it works, its output only if it fails. */
async function step(title, program, args, { shell = false, wayOut }) {
  const started = performance.now();
  const lateTitle = setTimeout(() => process.stderr.write(`${title} ...\n`), 1500);
  const output = [];
  const { exitCode, stopped } = await run(program, args, { stdio: ["ignore", "pipe", "pipe"], shell, onOutput: (chunk) => output.push(chunk) });
  clearTimeout(lateTitle);
  const seconds = Math.round((performance.now() - started) / 1000);
  // A signal ends the whole command, even if the program took it for a reason to finish well.
  if (stopped) throw new StepError(`${title}: stopped.`, exitCode > 128 ? exitCode : 128 + constants.signals.SIGINT);
  if (exitCode === 0) {
    if (seconds >= 2) process.stderr.write(`${title}: done in ${seconds} s\n`);
    return;
  }
  process.stderr.write(Buffer.concat(output));
  throw new StepError(`${title} failed (exit code ${exitCode}; the output is above). ${wayOut}`, exitCode);
}

/** Resolves to the exit code of a program, 128 + n if signal n ended it, as shells count; and whether it was asked to stop. */
function run(program, args, { stdio, shell = false, cwd = root, onOutput }) {
  const bin = join(root, "node_modules", ".bin");
  const child = spawn(program, args, { cwd, stdio, shell, env: { ...environment, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` } });
  child.stdout?.on("data", onOutput);
  child.stderr?.on("data", onOutput);

  // A terminal sends Ctrl-C to the child as well; without one, the signal came to this process alone and is handed on.
  let stopped = false;
  const handOn = (signal) => {
    stopped = true;
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, handOn);
  // npm passes a signal to its shell alone, which ends without a word: then this process has another parent.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent && !stopped) handOn("SIGTERM");
  }, 200);
  watch.unref();

  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new StepError(`${program} cannot be started: ${error.message}`, 1)));
    child.on("close", (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.off(name, handOn);
      resolve({ exitCode: signal === null ? code : 128 + constants.signals[signal], stopped });
    });
  });
}
