// The corpus under the levels that are hardly walls: what each attack may end as there is in the fixtures (`weaker`), and the table in
// SECURITY.md is made from them. An interpreter of Pyodide takes half a second: `ATTACKS=all` runs all programs on it, not one in six.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANSWERS_FILE, type Attack, expectedOf, type Verdicts } from "./attacks/attack.fixture.ts";
import { ATTACKS } from "./attacks/index.fixture.ts";
import { noneInABox } from "./attacks/none-in-a-box.fixture.ts";
import { sameValue } from "./equality.ts";
import type { VerdictName } from "./jobs.ts";
import { findPyodide } from "./pyodide/provider.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const runsAll = process.env["ATTACKS"] === "all";
const hasPyodide = findPyodide() !== undefined;
const box = noneInABox();

const allowed = ({ verdict, weaker }: Attack, level: "pyodide" | "none"): readonly VerdictName[] => [weaker?.[level] ?? verdict].flat();

/** Those that did not get a verdict that they should. */
async function surprises(sandbox: Sandbox, attacks: readonly Attack[], level: "pyodide" | "none"): Promise<string[]> {
  const found = await Promise.all(
    attacks.map(async (attack) => {
      const { code, language = "python" } = attack;
      const expected = allowed(attack, level);
      // A program that stops its parent is waited for until the job's time is over.
      const patience = level === "none" ? 3000 : 20_000;
      const wallTimeMs = expected.includes("timeout") ? (language === "python" ? 300 : 1000) : patience;
      const limits = { wallTimeMs, totalTimeMs: wallTimeMs, memoryMb: language === "python" ? 128 : 256 };
      const { outcomes } = await sandbox.run({ code, language, entryPoint: "f", inputs: [[1]], ...limits });
      const [outcome] = outcomes;
      const verdict = outcome?.status !== "ok" ? outcome?.status : sameValue(outcome.value, expectedOf(1)) ? "pass" : "wrong";
      return verdict !== undefined && expected.includes(verdict)
        ? []
        : [`a program that ${attack.name}: ${verdict}; expected ${expected.join(" or ")}`];
    }),
  );
  return found.flat();
}

beforeAll(() => writeFileSync(ANSWERS_FILE, JSON.stringify({ 1: expectedOf(1), 2: expectedOf(2) })));
afterAll(() => rmSync(ANSWERS_FILE, { force: true }));

describe.runIf(hasPyodide)(`attacks under pyodide${hasPyodide ? "" : " (SKIPPED: the package pyodide is not installed)"}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 2, isolation: "pyodide" });
  }, 240_000);
  afterAll(() => sandbox.close());

  const attacksOf = (kind: string): readonly Attack[] =>
    (ATTACKS[kind] as readonly Attack[]).filter(
      ({ language }, i) => language === undefined && (runsAll || kind === "JavaScript behind Pyodide" || i % 6 === 0),
    );

  it.each(Object.keys(ATTACKS).filter((kind) => attacksOf(kind).length > 0))(
    "%s",
    async (kind) => {
      expect(await surprises(sandbox, attacksOf(kind), "pyodide")).toEqual([]);
    },
    300_000,
  );

  it("runs an honest program after all of them", async () => {
    const { outcomes } = await sandbox.run({ code: "def f(x):\n    return 998244353 * x + 7", entryPoint: "f", inputs: [[1]], wallTimeMs: 20_000 });
    expect(outcomes).toMatchObject([{ status: "ok", value: expectedOf(1) }]);
  });
});

describe.runIf(box)(`attacks under none${box ? "" : " (SKIPPED: there is no bwrap and python3 to make the box that keeps them in)"}`, () => {
  it.each(Object.entries(ATTACKS))("%s", async (_, attacks) => {
    // A box for each class: what one leaves in /tmp would be in another's way.
    const sandbox = await createSandbox({ workers: 2, isolation: box as NonNullable<typeof box> });
    const found = await surprises(sandbox, attacks, "none");
    sandbox.close();
    expect(found).toEqual([]);
  });
});

it("SECURITY.md has the table of what ends otherwise than under bubblewrap", () => {
  const say = (verdicts: Verdicts | undefined): string =>
    verdicts === undefined
      ? "the same"
      : [verdicts]
          .flat()
          .map((verdict) => (verdict === "pass" ? "**pass**" : verdict))
          .join(" or ");
  const rows = Object.entries(ATTACKS).flatMap(([kind, attacks]) =>
    attacks
      .filter(({ weaker }) => weaker !== undefined)
      .map(({ name, verdict, weaker, language }) => [
        `${kind}: ${name}`,
        say(verdict),
        say(weaker?.process),
        language === undefined ? say(weaker?.pyodide) : "not run",
        say(weaker?.none),
      ]),
  );
  const text = readFileSync(new URL("../../../SECURITY.md", import.meta.url), "utf8");
  const table = /<!-- weaker -->\n\n([^]*?)\n\n/.exec(text)?.[1]?.split("\n").slice(2) ?? [];
  const cells = table.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells).toEqual(rows);
});
