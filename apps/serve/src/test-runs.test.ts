import { createSandbox } from "@diffucoder/reward-sandbox";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";
import { TestRuns } from "./test-runs.ts";

const [task] = tinyCodeTasks({ tiers: { 2: 1 }, split: "test", count: 1, seed: 1 });
const signal = new AbortController().signal;
const sandbox = await createSandbox({ workers: 1 }).catch(() => undefined);
sandbox?.close();
if (sandbox === undefined)
  process.stderr.write("SKIPPED: running tests for the playground, no isolation starts here (apt-get install bubblewrap python3)\n");

it.skipIf(sandbox === undefined)("runs a task's tests in the sandbox, with a verdict for each and the isolation", async () => {
  const runs = new TestRuns(undefined);
  const right = await runs.run(task!, task!.solution, signal);
  expect(right.verdicts.map(({ verdict }) => verdict)).toEqual(Array.from({ length: 8 }, () => "pass"));
  expect(right.isolation.level).toBe(sandbox!.isolation.level);
  const wrong = await runs.run(task!, "def f(xs):\n    return '<b>'\n", signal);
  expect(wrong.verdicts[0]).toMatchObject({ verdict: "wrong", got: "'<b>'", call: expect.stringMatching(/^f\(\[.*\]\)$/) });
  const broken = await runs.run(task!, "def f(xs:", signal);
  expect([broken.parses, broken.verdicts[0]!.verdict]).toEqual([false, "exception"]);
  runs.close();
});

it("lets four programs run or wait, and refuses the next", async () => {
  const runs = new TestRuns(undefined);
  const four = Array.from({ length: 4 }, () => runs.run(task!, task!.solution, signal).catch(() => {}));
  await expect(runs.run(task!, task!.solution, signal)).rejects.toThrow("Too many tests are running. Try again in a moment.");
  await Promise.all(four);
  runs.close();
});

it("refuses where tests are off, tasks that it does not know, and programs without end", async () => {
  const { post, url } = await serve(createFakeEngine({ scope: "It knows lists." }), { tests: new TestRuns("Tests are off.") });
  const { tasks, tests }: any = await (await fetch(`${url}/v1/playground`)).json();
  expect(tests).toEqual({ available: false, reason: "Tests are off." });
  const answer = async (body: object): Promise<unknown[]> => {
    const response = await post("/v1/playground/tests", body);
    return [response.status, ((await response.json()) as { error: { message: string } }).error.message];
  };
  expect(await answer({ task: tasks[0].id, code: "" })).toEqual([403, "Tests are off."]);
  expect(await answer({ task: "../etc", code: "" })).toEqual([404, "There is no such task here."]);
  expect((await answer({ task: tasks[0].id, code: "x".repeat(20_001) }))[0]).toBe(400);
});

it("offers no tasks for a model that does not say what it was made for", async () => {
  const { url } = await serve(createFakeEngine());
  expect(await (await fetch(`${url}/v1/playground`)).json()).toMatchObject({ tasks: [], words: [], scope: null, prompt_length: 48 });
});
