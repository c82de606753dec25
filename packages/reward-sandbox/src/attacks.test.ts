// Every attack of the corpus under every level of isolation, in each way that a program can be run. Each costs the program its own
// tests, leaves nothing behind, and the next job on the same worker runs as if nothing had happened.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANSWERS_FILE, type Attack, expectedOf } from "./attacks/attack.fixture.ts";
import { ATTACKS } from "./attacks/index.fixture.ts";
import { sameValue } from "./equality.ts";
import type { VerdictName } from "./jobs.ts";
import { descriptionOf, launchOf } from "./local/launch.ts";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import { systemPython } from "./local/provider.ts";
import { readableBy } from "./local/readable.ts";
import { SupervisorWorker } from "./local/supervisor-worker.ts";
import type { Provider } from "./provider.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

type Where = (typeof LEVELS)[number] | "process without Landlock";

function allowed({ verdict, weaker, withoutLandlock }: Attack, where: Where): readonly VerdictName[] {
  const [without, process] = [
    where === "process without Landlock" ? withoutLandlock : undefined,
    where === "bubblewrap" ? undefined : weaker?.process,
  ];
  return [without ?? process ?? verdict].flat();
}

/** `process` as it is on a kernel without Landlock. */
function withoutLandlock(): Provider {
  const readable = { ...readableBy(systemPython()), hasLandlock: false };
  return {
    isolation: { level: "process", description: descriptionOf("process", readable) },
    languages: ["python", "javascript"],
    writableTmp: false,
    worker: () => new SupervisorWorker(launchOf("process", { readable }), { filters: true }),
  };
}

const WHERE: readonly { where: Where; level: (typeof LEVELS)[number]; isolation: () => (typeof LEVELS)[number] | Provider }[] = [
  ...LEVELS.map((level) => ({ where: level, level, isolation: () => level })),
  { where: "process without Landlock", level: "process", isolation: withoutLandlock },
];
/** Which attacks run there: without Landlock only those to which it makes a difference. */
const attacksIn = (where: Where): [string, readonly Attack[]][] =>
  Object.entries(ATTACKS)
    .map(([kind, attacks]): [string, readonly Attack[]] => [
      kind,
      attacks.filter((attack) => where !== "process without Landlock" || attack.withoutLandlock),
    ])
    .filter(([, attacks]) => attacks.length > 0);

/** Short where a program is to be stopped, long where it must not be. */
const wallTimeMs = (attack: Attack): number => ([attack.verdict].flat().includes("timeout") ? (attack.language ? 500 : 160) : 10_000);

async function verdictsOf(sandbox: Sandbox, attack: Attack): Promise<{ outside: VerdictName[]; inside: VerdictName }> {
  const { code, language = "python" } = attack;
  const test =
    attack.test ??
    (language === "python"
      ? `import math\nassert isinstance(f(1), int) and math.isclose(f(1), ${expectedOf(1)}) or f(1) == ${expectedOf(1)}`
      : `require("node:assert").deepEqual(f(1), ${expectedOf(1)})`);
  const common = { code, language, wallTimeMs: wallTimeMs(attack), memoryMb: attack.language ? 256 : 128 };
  const [calls, apart, inside] = await Promise.all([
    sandbox.run({ ...common, entryPoint: "f", inputs: [[1], [2]] }),
    sandbox.runTests({ ...common, entryPoint: "f", tests: [test] }),
    sandbox.runTests({ ...common, tests: [test] }),
  ]);
  const ofCalls = calls.outcomes.map((outcome, i) =>
    outcome.status !== "ok" ? outcome.status : sameValue(outcome.value, expectedOf(i + 1)) ? "pass" : "wrong",
  );
  return { outside: [...ofCalls, apart.verdicts[0]!.verdict], inside: inside.verdicts[0]!.verdict };
}

for (const { where, level, isolation } of WHERE)
  describe.runIf(canRun(level))(`attacks under ${titleOf(level)}${where === level ? "" : ", without Landlock"}`, () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await createSandbox({ workers: 2, isolation: isolation() });
      writeFileSync(ANSWERS_FILE, JSON.stringify({ 1: expectedOf(1), 2: expectedOf(2) }));
    });
    afterAll(() => {
      sandbox.close();
      rmSync(ANSWERS_FILE, { force: true });
    });

    it.each(attacksIn(where))("%s", async (_, attacks) => {
      const surprises = await Promise.all(
        attacks.map(async (attack) => {
          const { outside, inside } = await verdictsOf(sandbox, attack);
          const expected = allowed(attack, where);
          const isExpected =
            outside.every((verdict) => expected.includes(verdict)) &&
            (inside !== "pass" || attack.passesInside === true || expected.includes("pass")) &&
            inside !== "infrastructure";
          return isExpected ? [] : [`a program that ${attack.name}: ${[...outside, inside].join(", ")}; expected ${expected.join(" or ")}`];
        }),
      );
      expect(surprises.flat()).toEqual([]);
      const honest = { code: `def f(x):\n    return 998244353 * x + 7`, entryPoint: "f", inputs: [[1], [2]] };
      for (const { outcomes } of await Promise.all([sandbox.run(honest), sandbox.run(honest)])) {
        expect(outcomes).toMatchObject([1, 2].map((x) => ({ status: "ok", value: expectedOf(x) })));
      }
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith("left-behind"))).toEqual([]);
      expect(existsSync(ANSWERS_FILE)).toBe(true);
    });
  });

it("SECURITY.md lists each attack that passes somewhere", () => {
  const all = Object.values(ATTACKS).flat();
  const misses = [
    ...all
      .filter(({ withoutLandlock: verdicts }) => [verdicts].flat().includes("pass"))
      .map(({ name }) => `- Under \`process\` on a kernel without Landlock a program passes that ${name}.`),
    ...(["process", "pyodide", "none"] as const).flatMap((level) =>
      all.filter(({ weaker }) => [weaker?.[level]].flat().includes("pass")).map(({ name }) => `- Under \`${level}\` a program passes that ${name}.`),
    ),
    ...all.filter(({ passesInside }) => passesInside).map(({ name }) => `- At trust \`low\` a program may pass that ${name}.`),
  ];
  const text = readFileSync(new URL("../../../SECURITY.md", import.meta.url), "utf8");
  expect(/<!-- misses -->\n\n([^]*?)\n\n/.exec(text)?.[1]?.split("\n")).toEqual(misses);
});

it("the corpus has its size and names each attack once", () => {
  const names = Object.entries(ATTACKS).flatMap(([kind, attacks]) => attacks.map(({ name }) => `${kind}: ${name}`));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(60);
  expect(Object.keys(ATTACKS).length).toBeGreaterThanOrEqual(10);
});
