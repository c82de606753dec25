import type { Hono } from "hono";
import type { Env, Served } from "../app.ts";
import { refuseDraining } from "../drain.ts";
import { checkModel } from "../models.ts";
import { parseBody } from "../requests.ts";
import { tokenize, TokenizeRequestSchema } from "../tokenize.ts";

/** Facts about the server and its one model: `/health`, `/ready`, `/metrics`, `/v1/models` and `/tokenize`. */
export function addInformation(app: Hono<Env>, { engine, modelId, now, admission, drain, metrics }: Served): void {
  const model = { id: modelId, object: "model", created: now(), owned_by: "diffucoder", diffusion: engine.generationConfig };
  app.get("/health", (c) => {
    const { running, waiting } = admission.stats();
    return c.json({ status: "ok", model: modelId, running, waiting });
  });
  app.get("/ready", (c) => {
    refuseDraining(drain);
    return c.json({ status: "ready" });
  });
  app.get("/metrics", async (c) => c.text(await metrics.registry.metrics(), 200, { "content-type": metrics.registry.contentType }));
  app.get("/v1/models", (c) => c.json({ object: "list", data: [model] }));
  app.get("/v1/models/:id", (c) => {
    checkModel(c.req.param("id"), modelId);
    return c.json(model);
  });
  app.post("/tokenize", async (c) => {
    const request = await parseBody(TokenizeRequestSchema, c.req.raw);
    checkModel(request.model, modelId);
    return c.json(tokenize(engine, request));
  });
}
