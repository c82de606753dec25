// Installs every public package as a stranger would, and runs the programs of its README: the packed tarball, with the line
// that the README prints, in an empty folder, with npm and with pnpm (which lets a package see only what it names). Each
// program is type-checked under `nodenext` and `bundler` and run on every Node that package.json promises.
//
//   node scripts/check-installed.mjs [--npm] [PACKAGE ...]     after a build; without names, all of them; --npm leaves pnpm out
//
// Fails if an install reaches for anything but the registry, runs an install script that matters, or brings ONNX Runtime to a
// package that needs no tensors. Prints how many packages an install brings and how large they are.
import { spawn } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { readManifest } from "../packages/kernels/build/library.mjs";
import { startRegistry } from "./local-registry.mjs";
import { installedBy, programsOf } from "./readme-blocks.mjs";
import { platformPackages, root, workspacePackages } from "./workspace.mjs";

/** Majors of Node on which the packages promise to run. */
const NODES = [20, 22, 24];
const WITHOUT_TENSORS = ["@diffucoder/core", "@diffucoder/tokenizer", "@diffucoder/reward-sandbox", "@diffucoder/tasks", "@diffucoder/eval"];

const args = process.argv.slice(2);
const MANAGERS = args.includes("--npm") ? ["npm"] : ["npm", "pnpm"];

const folder = mkdtempSync(join(tmpdir(), "check-installed-"));
try {
  process.exitCode = (await checkAll(args.filter((arg) => arg !== "--npm"))) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function checkAll(chosen) {
  const ours = workspacePackages().filter(({ manifest }) => !manifest.private);
  const known = ours.map(({ name }) => name);
  for (const name of chosen) if (!known.includes(name)) throw new Error(`${name} is none of ${known.join(", ")}`);
  const upstream = (await must("npm", ["config", "get", "registry"], root)).trim();
  const packages = [...(await Promise.all(ours.map(pack))), ...(await packPlatforms())];
  const registry = await startRegistry({ packages, upstream });
  try {
    const nodes = await installNodes(registry.url);
    let held = true;
    process.stdout.write("| package | packages | MB | programs | Node |\n| --- | --- | --- | --- | --- |\n");
    for (const each of ours) {
      if (chosen.length > 0 && !chosen.includes(each.name)) continue;
      const { problems, line } = await checkPackage(each, { registry: registry.url, nodes });
      process.stdout.write(`${line}\n`);
      for (const problem of problems) process.stdout.write(`FAIL ${each.name}: ${problem.trimEnd().replaceAll("\n", "\n     ")}\n`);
      held &&= problems.length === 0;
    }
    return held;
  } finally {
    registry.close();
  }
}

async function checkPackage({ name, folder: source, manifest }, { registry, nodes }) {
  const readme = readFileSync(join(root, source, "README.md"), "utf8");
  const programs = programsOf(readme);
  const specs = installedBy(readme);
  const problems = [];
  if (!specs.includes(name)) problems.push(`the first install line of its README does not name it (${specs.join(" ") || "there is none"})`);

  let installed = { count: 0, bytes: 0 };
  for (const manager of specs.length > 0 ? MANAGERS : []) {
    const home = join(folder, `${manager}-${name.replace(/[@/]/g, "_")}`);
    mkdirSync(home);
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
    const install = await installWith(manager, specs, home, registry);
    if (install.exitCode !== 0) {
      problems.push(`${manager} install ${specs.join(" ")} ended with ${install.exitCode}:\n${install.output}`);
      continue;
    }
    if (manager === "npm") {
      installed = measure(join(home, "node_modules"));
      if (WITHOUT_TENSORS.includes(name) && installed.names.some((each) => each.includes("onnxruntime"))) problems.push("it brings ONNX Runtime");
      if (manifest.bin) problems.push(...(await checkCommand(manifest, home)));
    }
    problems.push(
      ...(await checkPrograms(programs, home, manager === "npm" ? nodes : [process.execPath])).map((problem) => `${manager}: ${problem}`),
    );
    rmSync(home, { recursive: true, force: true });
  }
  const { count, bytes } = installed;
  return { problems, line: `| ${name} | ${count} | ${(bytes / 1e6).toFixed(1)} | ${programs.length} | ${NODES.join(", ")} |` };
}

async function checkPrograms(programs, home, nodes) {
  const problems = [];
  for (const { line, code } of programs) writeFileSync(join(home, `line-${line}.ts`), `${code}\nexport {};\n`);
  for (const mode of programs.length > 0 ? ["nodenext", "bundler"] : []) {
    const types = await typeCheck(home, mode);
    if (types.exitCode !== 0) problems.push(`type errors under ${mode}:\n${types.output}`);
  }
  for (const { line, mode } of programs.filter((program) => program.mode !== "no-run")) {
    for (const node of nodes) {
      const { exitCode, output } = await run(node, [`line-${line}.js`], home);
      if (/UnavailableError/.test(output)) process.stderr.write(`README.md:${line} did not run: ${/UnavailableError.*/.exec(output)[0]}\n`);
      else if ((exitCode === 0) === (mode === "should-throw"))
        problems.push(`README.md:${line} ended with ${exitCode} on ${node}:\n${output.slice(-3000)}`);
    }
  }
  return problems;
}

/** `nodenext` also writes the JavaScript that is run. Declarations of dependencies are checked as well. */
async function typeCheck(home, mode) {
  const nodenext = mode === "nodenext";
  const compilerOptions = {
    target: "ES2023",
    lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
    module: nodenext ? "nodenext" : "esnext",
    moduleResolution: mode,
    strict: true,
    noEmit: !nodenext,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  const config = join(home, `tsconfig.${mode}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ["line-*.ts"] }));
  return run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], home);
}

/** The command answers on its own, as `npx` would call it. */
async function checkCommand({ bin }, home) {
  const problems = [];
  for (const name of Object.keys(bin)) {
    const { exitCode, output } = await run(join(home, "node_modules/.bin", name), ["--help"], home);
    if (exitCode !== 0) problems.push(`${name} --help ended with ${exitCode}:\n${output}`);
  }
  return problems;
}

function installWith(manager, specs, home, registry) {
  const cache = join(folder, `${manager}-cache`);
  return manager === "npm"
    ? run("npm", ["install", ...specs, `--registry=${registry}`, `--cache=${cache}`, "--no-audit", "--no-fund", "--loglevel=error"], home)
    : run("pnpm", ["add", ...specs, `--registry=${registry}`, `--store-dir=${cache}`, "--reporter=append-only"], home);
}

async function pack({ folder: source, manifest }) {
  const { filename } = JSON.parse(await must("pnpm", ["pack", "--json", "--pack-destination", folder], join(root, source)));
  const packed = await must("tar", ["-xOzf", filename, "package/package.json"], folder); // with the versions in place of workspace:
  return { manifest: { ...manifest, ...JSON.parse(packed) }, tarball: filename };
}

/** The registry knows the packages of all platforms, and has the one that this machine downloads. */
function packPlatforms() {
  return Promise.all(platformPackages().map(async (each) => (fitsHere(each) ? pack(each) : { manifest: each.manifest, tarball: undefined })));
}

/** Kernels that no compiler has built are as absent as another platform's. */
function fitsHere({ manifest, folder: source }) {
  const { os, cpu, libc = ["glibc"] } = manifest;
  const isBuilt = !source.startsWith("packages/kernels/") || readManifest(basename(source))?.sha256 !== undefined;
  return os.includes(process.platform) && cpu.includes(process.arch) && libc.includes("glibc") && isBuilt;
}

/** Node's own binaries, from npm. @returns their paths */
async function installNodes(registry) {
  const home = join(root, ".cache", "nodes");
  const packageOf = (major) => `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}@${major}`;
  const pathOf = (major) => join(home, "node_modules", `node${major}`, "bin", "node");
  const missing = NODES.filter((major) => !existsSync(pathOf(major)));
  if (missing.length > 0) {
    mkdirSync(home, { recursive: true });
    if (!existsSync(join(home, "package.json"))) writeFileSync(join(home, "package.json"), '{ "private": true }');
    const specs = missing.map((major) => `node${major}@npm:${packageOf(major)}`);
    await must("npm", ["install", ...specs, `--registry=${registry}`, `--cache=${join(folder, "npm-cache")}`, "--no-audit", "--no-fund"], home);
  }
  return NODES.map(pathOf);
}

/** Names, number and size on disk of the packages in a folder `node_modules`. */
function measure(modules) {
  const names = [];
  let bytes = 0;
  for (const path of readdirSync(modules, { recursive: true })) {
    const stat = lstatSync(join(modules, path));
    if (!stat.isFile()) continue;
    bytes += stat.size;
    const [, name] =
      /(?:^|[\\/]node_modules[\\/])((?:@[^\\/]+[\\/])?[^\\/]+)[\\/]package\.json$/.exec(path) ??
      /^((?:@[^\\/]+[\\/])?[^@\\/]+)[\\/]package\.json$/.exec(path) ??
      [];
    if (name !== undefined && !name.startsWith(".")) names.push(name);
  }
  return { names, count: names.length, bytes };
}

async function must(program, args, cwd) {
  const { exitCode, output, stdout } = await run(program, args, cwd);
  if (exitCode !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${exitCode}:\n${output}`);
  return stdout;
}

/** Any address but loopback leads to a proxy that is not there. */
function run(program, args, cwd) {
  const nowhere = "http://127.0.0.1:9";
  const env = {
    ...process.env,
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    PATH: `${join(root, "node_modules/.bin")}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
  };
  for (const name of Object.keys(env)) if (/^npm_|^ONNXRUNTIME_|^NODE_OPTIONS$/i.test(name)) delete env[name];
  Object.assign(env, {
    HTTPS_PROXY: nowhere,
    https_proxy: nowhere,
    HTTP_PROXY: nowhere,
    http_proxy: nowhere,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  });
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, output] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => ((stdout += text), (output += text)));
  child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ exitCode: 1, output: error.message, stdout }));
    child.on("close", (code, signal) => resolve({ exitCode: code ?? signal, output, stdout }));
  });
}
