// Many honest programs among attacks: no honest one gets a wrong verdict, and nothing is left behind. `SOAK_JOBS` is how many.
import { readdirSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createRandom } from "@diffucoder/core";
import { expect, it } from "vitest";
import type { Attack } from "./attacks/attack.fixture.ts";
import { ATTACKS } from "./attacks/index.fixture.ts";
import { descendants } from "./descendants.fixture.ts";
import { sameValue } from "./equality.ts";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const JOBS = Number(process.env["SOAK_JOBS"] ?? 250);
const WORKERS = 2;
const NOBODY = 65534;

const attacks = Object.values(ATTACKS).flat();
const stops = ({ verdict }: Attack): boolean => [verdict].flat().includes("timeout");

const filesOf = (pid: number | "self"): number => readdirSync(`/proc/${pid}/fd`).length;

/** What programs could have written, outside of the sandbox. */
function leftBehind(): string[] {
  return ["/tmp", "/var/tmp", "/dev/shm"].flatMap((folder) =>
    readdirSync(folder).filter((name) => {
      if (name.startsWith("left-behind")) return true;
      const owner = statSync(`${folder}/${name}`, { throwIfNoEntry: false })?.uid;
      return process.getuid?.() === 0 && owner === NOBODY;
    }),
  );
}

/** An honest program, and whether it got the verdict that it should have; right ones and wrong ones, as each kind of job. */
const honest: ((sandbox: Sandbox, n: number) => Promise<boolean>)[] = [
  async (sandbox, n) => {
    const job = { code: `def f(xs):\n    return sorted(x * ${n} for x in xs)`, entryPoint: "f", inputs: [[[3, 1, 2]], [[]], [[n]]] };
    const { outcomes } = await sandbox.run({ ...job, wallTimeMs: 20_000 });
    const expected = [[n, 2 * n, 3 * n], [], [n * n]];
    return outcomes.every((outcome, i) => outcome.status === "ok" && sameValue(outcome.value, expected[i]));
  },
  async (sandbox, n) => {
    const { outcomes } = await sandbox.run({ code: `def f(x):\n    return x // ${n % 3}`, entryPoint: "f", inputs: [[6]], wallTimeMs: 20_000 });
    const [outcome] = outcomes;
    if (n % 3 === 0) return outcome?.status === "exception" && outcome.detail === "ZeroDivisionError";
    return outcome?.status === "ok" && outcome.value === Math.floor(6 / (n % 3));
  },
  async (sandbox, n) => {
    const tests = [`assert f(${n}) == ${n + 1}`, `assert f(${n}) == ${n}`];
    const { verdicts } = await sandbox.runTests({ code: "def f(x):\n    return x + 1", entryPoint: "f", tests, wallTimeMs: 20_000 });
    return verdicts.map(({ verdict }) => verdict).join() === "pass,wrong";
  },
  async (sandbox, n) => {
    const code = `class Box:\n    def __init__(self): self.n = ${n}`;
    const { verdicts } = await sandbox.runTests({ code, tests: [`assert Box().n == ${n}`, "assert Box().n < 0"], wallTimeMs: 20_000 });
    return verdicts.map(({ verdict }) => verdict).join() === "pass,wrong";
  },
  async (sandbox, n) => {
    const { outcomes } = await sandbox.runProgram({ code: "print(int(input()) * 2)", stdins: [`${n}\n`], wallTimeMs: 20_000 });
    return outcomes[0]?.status === "ok" && outcomes[0].value === `${2 * n}\n`;
  },
];

it.runIf(canRun("bubblewrap"))(
  `${JOBS} jobs, one in five an attack, leave nothing behind, under ${titleOf("bubblewrap")}`,
  async () => {
    const random = createRandom(6);
    const [filesBefore, leftBefore, processesBefore] = [filesOf("self"), leftBehind(), descendants().length];
    const sandbox = await createSandbox({ workers: WORKERS, isolation: "bubblewrap" });
    await Promise.all(Array.from({ length: WORKERS }, async (_, i) => (honest[0] as (typeof honest)[number])(sandbox, i))); // all workers are started
    await setTimeout(300); // and what handled their first job has ended
    const [filesWith, processesWith] = [filesOf("self"), descendants()];
    const filesOfWorkers = (): number[] => processesWith.map(filesOf).toSorted((a, b) => a - b);
    const filesOfWorkersBefore = filesOfWorkers();

    let [right, attacked, passed, running] = [0, 0, 0, 0];
    const wrong: number[] = [];
    const runJob = async (n: number): Promise<void> => {
      const draw = random.split("job", n);
      if (draw.uniform() < 0.2) {
        const attack = draw.choice(attacks);
        const { code, language = "python" } = attack;
        const wallTimeMs = stops(attack) ? (language === "python" ? 100 : 500) : 10_000;
        const { outcomes } = await sandbox.run({ code, language, entryPoint: "f", inputs: [[1]], wallTimeMs, memoryMb: 128 });
        attacked += 1;
        passed += outcomes.some((outcome) => outcome.status === "ok" && sameValue(outcome.value, 998_244_360)) ? 1 : 0;
      } else {
        const job = draw.choice(honest);
        if (await job(sandbox, n)) right += 1;
        else wrong.push(n);
      }
    };
    const jobs = Array.from({ length: JOBS }, (_, n) => n);
    await Promise.all(
      Array.from({ length: 4 * WORKERS }, async () => {
        while (running < jobs.length) await runJob(jobs[running++] as number);
      }),
    );

    expect({ wrong, passed, all: right + attacked }).toEqual({ wrong: [], passed: 0, all: JOBS });
    expect(attacked).toBeGreaterThan(JOBS / 10);
    await expect.poll(descendants, { timeout: 2000 }).toEqual(processesWith); // the very same: not one worker had to be replaced
    expect(filesOfWorkers()).toEqual(filesOfWorkersBefore);
    expect(filesOf("self")).toBe(filesWith);
    expect(leftBehind()).toEqual(leftBefore);

    sandbox.close();
    await expect.poll(() => [descendants().length, filesOf("self")], { timeout: 5000 }).toEqual([processesBefore, filesBefore]);
  },
  1_800_000,
);
