// Every TypeScript block of the READMEs is a program (see readme-blocks.mjs): it is type-checked, and run, from where its README lies.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { programsOf } from "./readme-blocks.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Example {
  /** README and line. */
  name: string;
  /** Where the program is written: in node_modules, so that it finds what its package depends on and nothing else finds it. */
  path: string;
  code: string;
  mode: "run" | "no-run" | "should-throw";
}

function examplesOf(readme: string): Example[] {
  const folder = join(root, dirname(readme), "node_modules/.readme-examples");
  return programsOf(readFileSync(join(root, readme), "utf8")).map(({ line, code, mode }) => {
    return { name: `${readme}:${line}`, path: join(folder, `line-${line}.ts`), code, mode };
  });
}

const folders = ["packages", "apps"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
const readmes = ["README.md", ...folders.map((folder) => `${folder}/README.md`)].filter((path) => existsSync(join(root, path)));
const examples = readmes.flatMap(examplesOf);
const home = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), "readme-examples-"));

beforeAll(() => {
  for (const { path, code } of examples) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(dirname(path), "package.json"), '{ "type": "module" }');
    writeFileSync(path, `${code}\nexport {};\n`);
  }
  process.chdir(scratch); // some write files
  vi.spyOn(console, "log").mockImplementation(() => {});
});
afterAll(() => {
  process.chdir(home);
  for (const folder of [scratch, ...new Set(examples.map(({ path }) => dirname(path)))]) rmSync(folder, { recursive: true, force: true });
});

describe("the examples of the READMEs", () => {
  it("are found, also behind longer fences", () => {
    expect(new Set(examples.map(({ name }) => name.split(":")[0]))).toContain("packages/diffucoder/README.md");
    expect(examples.filter(({ mode }) => mode === "run").length).toBeGreaterThan(10);
  });

  it("have no type errors", () => {
    const config = {
      extends: join(root, "tsconfig.base.json"),
      compilerOptions: { noEmit: true, typeRoots: [join(root, "node_modules/@types")] },
      files: examples.map(({ path }) => path),
    };
    writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify(config));
    expect(typeErrors(join(scratch, "tsconfig.json"))).toBe("");
  });

  it.for(examples.filter(({ mode }) => mode !== "no-run"))("$name runs", async ({ path, mode }, context) => {
    const error: unknown = await import(/* @vite-ignore */ path).then(
      () => undefined,
      (reason: unknown) => reason ?? "nothing",
    );
    if (error instanceof UnavailableError) context.skip(`SKIPPED: ${error.message}`);
    if (mode === "should-throw") expect(error).toBeInstanceOf(Error);
    else if (error !== undefined) throw error;
  });
});

function typeErrors(project: string): string {
  try {
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
