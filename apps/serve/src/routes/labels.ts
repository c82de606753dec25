import { ScoreLabelsOptionsSchema } from "diffucoder";
import type { Hono } from "hono";
import { z } from "zod";
import type { Env, Served } from "../app.ts";
import { clientOf } from "../client.ts";
import { noteFacts } from "../request-log.ts";
import { maybe } from "../maybe.ts";
import { parseBody, TextSchema } from "../requests.ts";
import { endingOf } from "../turn.ts";

const { labels } = ScoreLabelsOptionsSchema.shape;

const LabelsRequestSchema = z.strictObject({
  prompt: maybe(TextSchema),
  suffix: maybe(TextSchema),
  labels,
});

/** `POST /v1/labels`: how likely each label is between a prompt and a suffix. */
export function addLabels(app: Hono<Env>, served: Served): void {
  app.post("/v1/labels", async (c) => {
    const { engine, admission } = served;
    const { prompt, suffix, labels: asked } = await parseBody(LabelsRequestSchema, c.req.raw);
    noteFacts(c, { prompt });
    const ending = endingOf(served, c);
    // Rows are one for each token of a label, which is not known yet; they are as long as a text can be.
    const share = { rows: Math.min(asked.length, engine.limits.rows), columns: engine.config.maxPositionEmbeddings, cacheBytes: 0 };
    const ticket = admission.enter({ ...clientOf(c), share }, ending.signal);
    let isDone = false;
    try {
      await ticket.admitted;
      const scores = await engine.scoreLabels({ labels: asked, prefix: prompt, suffix });
      isDone = true;
      return c.json({
        object: "list",
        data: scores.labels.map(({ label, probability, logProbability, tokens }) => ({ label, probability, logprob: logProbability, tokens })),
        usage: { prompt_tokens: scores.promptTokens },
        diffusion: { forward_passes: scores.forwardPasses },
      });
    } finally {
      ticket.leave(isDone);
      ending.end();
    }
  });
}
