// What BigCodeBench's programs are given is more than others get: a Python with its packages, a writable /tmp, and the system calls for both.
// Nothing of what the walls keep away is nearer for it.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANSWERS_FILE, type Attack, expectedOf } from "./attacks/attack.fixture.ts";
import { ATTACKS } from "./attacks/index.fixture.ts";
import { findPython } from "./local/launch.ts";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

/** The classes of attacks on what files, packages and system calls lead to. */
const CLASSES = [
  "file descriptors",
  "processes and signals",
  "file system",
  "readable folders",
  "memory of other processes",
  "network",
  "kernel memory",
];

describe.runIf(canRun("bubblewrap"))(`attacks with packages and a writable /tmp, under ${titleOf("bubblewrap")}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 2, isolation: "bubblewrap", python: findPython() as string });
    writeFileSync(ANSWERS_FILE, JSON.stringify({ 1: expectedOf(1), 2: expectedOf(2) }));
  });
  afterAll(() => {
    sandbox.close();
    rmSync(ANSWERS_FILE, { force: true });
  });

  it.each(CLASSES)("%s", async (kind) => {
    const attacks = (ATTACKS[kind] as readonly Attack[]).filter(({ language }) => language === undefined);
    const surprises = await Promise.all(
      attacks.map(async ({ name, code, verdict, withPackages }) => {
        const expected = [withPackages ?? verdict].flat();
        const wallTimeMs = expected.includes("timeout") ? 160 : 10_000;
        const job = { code, tests: [`assert f(1) == ${expectedOf(1)}`], writableTmp: true, wallTimeMs, memoryMb: 128 };
        const runs = [sandbox.runTests({ ...job, entryPoint: "f" }), sandbox.runTests(job)];
        const [apart, inside] = (await Promise.all(runs)).map(({ verdicts }) => verdicts[0]!.verdict);
        const isExpected = expected.includes(apart!) && inside !== "pass" && inside !== "infrastructure";
        return isExpected ? [] : [`a program that ${name}: ${apart}, ${inside}; expected ${expected.join(" or ")}`];
      }),
    );
    expect(surprises.flat()).toEqual([]);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith("left-behind"))).toEqual([]);
  });
});
