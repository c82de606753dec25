// Many honest programs among attacks: no honest one gets a wrong verdict, and nothing is left behind. `SOAK_JOBS` is how many.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
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
/** `memoryMb` of the attacks: what their answers may take in the host, too. */
const MOST_HELD = 128 * 2 ** 20;

const attacks = Object.values(ATTACKS).flat();
const stops = ({ verdict }: Attack): boolean => [verdict].flat().includes("timeout");

const filesOf = (pid: number | "self"): number => readdirSync(`/proc/${pid}/fd`).length;

const numberIn = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);

/** Bytes that the largest of these processes, and of their children, which handle jobs, has held; programs are their grandchildren. */
const peakOf = (workers: readonly number[]): number =>
  Math.max(
    ...descendants().map((pid) => {
      try {
        return workers.includes(pid) || workers.includes(numberIn(pid, "PPid")) ? numberIn(pid, "VmHWM") * 1024 : 0;
      } catch {
        return 0; // it has ended
      }
    }),
  );

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
  async ({ annotate }) => {
    const random = createRandom(6);
    const [filesBefore, leftBefore, processesBefore] = [filesOf("self"), leftBehind(), descendants().length];
    const sandbox = await createSandbox({ workers: WORKERS, isolation: "bubblewrap" });
    await Promise.all(Array.from({ length: WORKERS }, async (_, i) => (honest[0] as (typeof honest)[number])(sandbox, i))); // all workers are started
    // The threads that strip types hold files of this process: all of them are there, now and at the end.
    const stripTypes = () => {
      const job = {
        language: "typescript",
        code: "const f = (x: number): number => x;",
        entryPoint: "f",
        inputs: [[1]],
        wallTimeMs: 20_000,
      } as const;
      return Promise.all(Array.from({ length: WORKERS }, () => sandbox.run(job)));
    };
    await stripTypes();
    await sleep(300); // and what handled their first job has ended
    const [filesWith, processesWith] = [filesOf("self"), descendants()];
    const filesOfWorkers = (): number[] => processesWith.map(filesOf).toSorted((a, b) => a - b);
    const filesOfWorkersBefore = filesOfWorkers();

    const hostBefore = process.memoryUsage().rss;
    let [hostPeak, workersPeak] = [0, 0];
    const watch = setInterval(() => {
      hostPeak = Math.max(hostPeak, process.memoryUsage().rss - hostBefore);
      workersPeak = Math.max(workersPeak, peakOf(processesWith));
    }, 100);

    let [right, attacked, passed, running] = [0, 0, 0, 0];
    const wrong: number[] = [];
    const runJob = async (n: number): Promise<void> => {
      const draw = random.split("job", n);
      if (draw.uniform() < 0.2) {
        const attack = draw.choice(attacks);
        const { code, language = "python" } = attack;
        const inputs = Array.from({ length: ATTACKS["memory held by others"]?.includes(attack) ? 60 : 1 }, () => [1]);
        const wallTimeMs = stops(attack) ? (language === "python" ? 100 : 500) : 10_000;
        const { outcomes } = await sandbox.run({ code, language, entryPoint: "f", inputs, wallTimeMs, memoryMb: MOST_HELD / 2 ** 20 });
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
        while (running < jobs.length) await runJob(jobs[running++]!);
      }),
    );

    clearInterval(watch);
    await stripTypes();
    const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
    await annotate(
      `${right} honest jobs right, ${attacked} attacks, ${passed} passed; this process grew by ${megabytes(hostPeak)} at most, a supervisor or the handler of a job held ${megabytes(workersPeak)} at most`,
    );
    expect(hostPeak).toBeLessThan(WORKERS * MOST_HELD + 256 * 2 ** 20); // and what the collector has not seen yet
    expect(workersPeak).toBeLessThan(1.5 * MOST_HELD);
    expect({ wrong, passed, all: right + attacked }).toEqual({ wrong: [], passed: 0, all: JOBS });
    expect(attacked).toBeGreaterThan(JOBS / 10);
    await expect.poll(descendants, { timeout: 2000 }).toEqual(processesWith); // the very same: not one worker had to be replaced
    expect(filesOfWorkers()).toEqual(filesOfWorkersBefore);
    await expect.poll(() => filesOf("self"), { timeout: 2000 }).toBe(filesWith);
    expect(leftBehind()).toEqual(leftBefore);

    sandbox.close();
    await expect.poll(() => [descendants().length, filesOf("self")], { timeout: 5000 }).toEqual([processesBefore, filesBefore]);
  },
  1_800_000,
);
