import type { Hono } from "hono";
import { z } from "zod";
import { ApiError } from "../api-error.ts";
import type { Env, Served } from "../app.ts";
import { knowledgeOf } from "../playground.ts";
import type { PlaygroundFacts } from "../playground-facts.ts";
import { parseBody } from "../requests.ts";
import { TestRuns } from "../test-runs.ts";

const TestsRequestSchema = z.strictObject({ task: z.string().max(200), code: z.string().max(20_000) });

/** The page, what it says of the model, and the tests that it runs. */
export function addPlayground(app: Hono<Env>, { engine, modelId, page, tests = new TestRuns("This server does not run programs.") }: Served): void {
  let known: ReturnType<typeof knowledgeOf> | undefined;
  const knowledge = () => (known ??= knowledgeOf(engine)); // takes a moment, and most servers never show the page
  app.get("/", (c) => c.html(page.html, 200, page.headers));
  app.get("/v1/playground", (c) => {
    const { promptLength, maxNewTokens, steps, alg, temperature, scope = null } = engine.generationConfig;
    const { tasks, words } = knowledge();
    return c.json({
      model: modelId,
      prompt_length: promptLength,
      max_new_tokens: maxNewTokens,
      steps,
      alg,
      temperature,
      scope,
      tasks: tasks.map(({ id, prompt }) => ({ id, prompt: prompt.text })),
      words,
      tests: tests.refusal === undefined ? { available: true } : { available: false, reason: tests.refusal },
    } satisfies PlaygroundFacts);
  });
  app.post("/v1/playground/tests", async (c) => {
    const { task: id, code } = await parseBody(TestsRequestSchema, c.req.raw);
    const task = knowledge().tasks.find((one) => one.id === id);
    if (task === undefined) throw new ApiError({ status: 404, message: "There is no such task here.", param: "task", code: "task_not_found" });
    return c.json(await tests.run(task, code, c.req.raw.signal));
  });
}
