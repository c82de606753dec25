// Builds the kernels from C.
//
//   node build.mjs                    for this machine, with its compiler: $CC, cc, gcc or clang. Without one that is said in one line, and all goes on.
//   node build.mjs --release [NAME]   with zig, for every platform or the one named: see docs/decisions/kernels.md
//   node build.mjs --fuzz [NAME]      runs the fuzz programs, all or the one named, under the address and undefined-behaviour sanitizers
import { CompileError, findCompiler, findZig } from "./build/compiler.mjs";
import { runFuzz } from "./build/fuzz.mjs";
import { buildLibrary, isCurrent, readManifest, writeManifest } from "./build/library.mjs";
import { fuzzNames } from "./build/sources.mjs";
import { hostTarget, targets } from "./build/targets.mjs";

const [mode, name] = process.argv.slice(2);
if (mode === undefined) await buildForHost();
else if (mode === "--release") for (const target of name === undefined ? Object.keys(targets) : [name]) await buildRelease(target);
else if (mode === "--fuzz") for (const kernel of name === undefined ? fuzzNames() : [name]) await fuzz(kernel);
else fail(`${mode} is not an option of build.mjs; there are --release and --fuzz.`);

/** A problem is no failure: it is said once, and kept for `diffucoder doctor`. */
async function buildForHost() {
  const target = hostTarget();
  if (target === undefined) return;
  const compiler = findCompiler();
  if (compiler === undefined && isCurrent(target)) return;
  const problem =
    compiler === undefined ? "there is no C compiler: $CC, cc, gcc and clang were tried" : await problemOf(() => buildLibrary(compiler, target));
  if (problem === undefined || readManifest(target)?.problem === problem) return;
  writeManifest(target, { target, problem });
  process.stderr.write(`The kernels are not built, and ONNX Runtime computes without them, only slower: ${problem}.\n`);
}

async function problemOf(build) {
  try {
    await build();
    return undefined;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return `the C compiler fails with "${error.message.split("\n").find((line) => line.includes("error")) ?? error.message.split("\n")[0]}"`;
  }
}

async function buildRelease(target) {
  if (!Object.hasOwn(targets, target)) return fail(`${target} is no platform of the kernels; there are ${Object.keys(targets).join(", ")}.`);
  const zig = findZig(target);
  if (zig === undefined)
    return fail("There is no zig: set ZIG to its program, or put it in the PATH. docs/decisions/kernels.md says which one, and from where.");
  const { sha256, bytes } = await buildLibrary(zig, target);
  process.stdout.write(`${target.padEnd(14)} ${String(bytes).padStart(7)} bytes  sha256 ${sha256}\n`);
}

async function fuzz(kernel) {
  if (!fuzzNames().includes(kernel)) return fail(`${kernel} has no fuzz program; there are ${fuzzNames().join(", ")}.`);
  const compiler = findCompiler();
  if (compiler === undefined) return fail("There is no C compiler: $CC, cc, gcc and clang were tried.");
  const { status, output } = await runFuzz(compiler, kernel);
  process.stdout.write(output);
  if (status !== 0) fail(`${kernel}: exit status ${status}`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}
