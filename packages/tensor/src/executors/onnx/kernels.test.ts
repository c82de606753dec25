// Libraries of kernels that are good, bad, of another version, more than one; and threads that leave.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { findKernels, KERNELS_VERSION } from "@diffucoder/kernels";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { executorsOfAllLevels } from "../../kernel-levels.fixture.ts";
import * as t from "../../index.ts";
import { oneStep, oneStepResult } from "../../optimizers/one-step.fixture.ts";

const found = findKernels();
const library = "path" in found ? found.path : undefined;
const note = library === undefined ? ` (skipped: no kernels here, ${"problem" in found && found.problem})` : "";

const hasCompiler = ["cc", "gcc", "clang"].some((name) => spawnSync(name, ["--version"]).status === 0);
const compilerNote = hasCompiler ? "" : " (skipped: no C compiler here)";

let home: string;
beforeAll(() => (home = mkdtempSync(join(tmpdir(), "kernels-"))));
afterAll(() => rmSync(home, { recursive: true, force: true }));
afterEach(() => void vi.unstubAllEnvs());

const expectRight = (numbers: number[]): void => void expect(numbers).toBeAllclose(oneStepResult, { atol: 1e-6 });

/** A folder with a library and a manifest that belongs to it. */
function install(name: string, bytes: Uint8Array, manifest: Record<string, unknown> = {}): string {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  const own = JSON.parse(readFileSync(join(dirname(library!), "manifest.json"), "utf8")) as { file: string };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(folder, own.file), bytes);
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...own, sha256, ...manifest }));
  return join(folder, own.file);
}

/** Builds the sources anew with something replaced. */
function buildWith(name: string, file: string, from: string, to: string): string {
  const source = fileURLToPath(new URL("../../../../kernels", import.meta.url));
  const folder = join(home, name);
  for (const part of ["build.mjs", "build", "c"]) cpSync(join(source, part), join(folder, part), { recursive: true });
  symlinkSync(join(source, ".cache"), join(folder, ".cache"), "junction"); // of all that is the same
  const text = readFileSync(join(folder, "c", file), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(folder, "c", file), text.replace(from, to));
  expect(spawnSync(process.execPath, [join(folder, "build.mjs")], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  return join(folder, "native", basename(dirname(library!)), basename(library!));
}

describe.skipIf(library === undefined)(`kernels${note}`, () => {
  it("are loaded, at the processor's level, and what an optimizer's step runs as on every level", async () => {
    const report = await t.reportKernels();
    expect(report).toMatchObject({ path: library, target: { threads: expect.any(Number) as number } });
    for (const { level, executor } of await executorsOfAllLevels()) {
      expect(executor.runsFused !== undefined).toBe(level !== "off");
      expectRight(await oneStep(executor));
    }
  });

  it("are switched off, held to a level and chosen by DIFFUCODER_KERNELS", async () => {
    vi.stubEnv("DIFFUCODER_KERNELS", "0");
    expect(await t.reportKernels()).toEqual({ problem: "DIFFUCODER_KERNELS=0 switches them off" });
    expectRight(await oneStep(await t.onnxExecutor()));
    vi.stubEnv("DIFFUCODER_KERNELS", "scalar");
    expect(await t.reportKernels()).toMatchObject({ path: library, target: { level: "scalar", vnni: false, bf16: false, amx: false } });
    vi.stubEnv("DIFFUCODER_KERNELS", "fast");
    await expect(t.onnxExecutor()).rejects.toThrow(
      'DIFFUCODER_KERNELS must be 0, scalar, avx2, avx512 or the absolute path of a library, got "fast".',
    );
  });

  it("that cannot be used leave plain ONNX Runtime and a reason", async () => {
    const bytes = readFileSync(library!);
    const libc = readFileSync(process.platform === "linux" ? libraryOfSystem("libm.so.6") : library!);
    const cases: [string, string | RegExp][] = [
      [join(home, "absent.so"), `${join(home, "absent.so")} is no library of kernels: there is no manifest.json beside it`],
      [install("old", bytes, { version: 0 }), / has version 0, and this package wants \d+$/],
      [install("elsewhere", bytes, { target: "win32-arm64" }), / is for win32-arm64, and this is /],
      [install("cut", bytes.subarray(0, 5000), { sha256: "0" }), / is damaged: its SHA-256 is not the one of its manifest$/],
      // With a manifest that lies. The system's loader has the last word.
      [install("cut-and-signed", bytes.subarray(0, 100)), / does not load \(.*\)$/],
      [install("text", Buffer.from("no library at all")), / does not load \(.*\)$/],
      [install("foreign", libc), / does not load \(.*(diffucoder_kernels_version|RegisterCustomOps).*\)$/],
    ];
    for (const [path, problem] of cases) {
      vi.stubEnv("DIFFUCODER_KERNELS", path);
      const report = await t.reportKernels();
      expect("problem" in report ? report.problem : "none").toMatch(problem);
      const executor = await t.onnxExecutor({ api: "c" });
      expect(executor.runsFused).toBe(undefined);
      expectRight(await oneStep(executor));
    }
  });

  it.skipIf(!hasCompiler)(`of another version are not called, and two libraries work side by side${compilerNote}`, async () => {
    const next = buildWith("next", "register.c", `VERSION = ${KERNELS_VERSION}`, `VERSION = ${KERNELS_VERSION + 1}`);
    const manifest = join(dirname(next), "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(`"version": ${KERNELS_VERSION + 1}`, `"version": ${KERNELS_VERSION}`));
    vi.stubEnv("DIFFUCODER_KERNELS", next);
    expect(await t.reportKernels()).toEqual({
      problem: `${next} says that it has version ${KERNELS_VERSION + 1}, and this package wants ${KERNELS_VERSION}`,
    });

    const other = buildWith("other", "register.c", "the kernels want", "these kernels want");
    const own = await t.onnxExecutor({ api: "c" });
    vi.stubEnv("DIFFUCODER_KERNELS", other);
    expect(await t.reportKernels()).toMatchObject({ path: other });
    const second = await t.onnxExecutor({ api: "c" });
    vi.unstubAllEnvs();
    const first = await t.onnxExecutor({ api: "c" });
    for (const executor of [first, second, own, first]) expectRight(await oneStep(executor));
  });

  it("outlive threads that leave", async () => {
    const bundle = bundleForWorkers();
    const copy = join(home, "of-workers");
    mkdirSync(copy);
    for (const file of [basename(library!), "manifest.json"]) copyFileSync(join(dirname(library!), file), join(copy, file));
    const env = { ...process.env, DIFFUCODER_KERNELS: join(copy, basename(library!)) };
    const worker = async (): Promise<unknown> => {
      const thread = new Worker(bundle, { env });
      return new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject));
    };
    for (const numbers of await Promise.all([worker(), worker()])) expectRight(numbers as number[]);
    expectRight((await worker()) as number[]);
    vi.stubEnv("DIFFUCODER_KERNELS", env.DIFFUCODER_KERNELS);
    expectRight(await oneStep(await t.onnxExecutor({ api: "c" })));
  });
});

function libraryOfSystem(name: string): string {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  return sharedObjects.find((path) => path.endsWith(name))!;
}

/** The sources as one file of JavaScript, since a worker cannot start from TypeScript; it makes one step. */
function bundleForWorkers(): string {
  const folder = fileURLToPath(new URL("../../../node_modules/.kernels-worker", import.meta.url));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const [index, fixture] = ["../../index.ts", "../../optimizers/one-step.fixture.ts"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const program = `
    import { parentPort } from "node:worker_threads";
    import { onnxExecutor } from ${JSON.stringify(index)};
    import { oneStep } from ${JSON.stringify(fixture)};
    parentPort.postMessage(await oneStep(await onnxExecutor({ api: "c" })));
  `;
  writeFileSync(join(folder, "worker.ts"), program);
  const root = fileURLToPath(new URL("../../../../..", import.meta.url));
  const config = `export default { entry: ["worker.ts"], format: "esm", target: "node20", outDir: ".", silent: true, noExternal: [/^@diffucoder/] };`;
  writeFileSync(join(folder, "tsup.config.mjs"), config);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: join(root, "tsconfig.base.json") }));
  const built = spawnSync(process.execPath, [join(root, "node_modules/tsup/dist/cli-default.js")], { cwd: folder, encoding: "utf8" });
  expect(built).toMatchObject({ status: 0 });
  return join(folder, "worker.mjs");
}
