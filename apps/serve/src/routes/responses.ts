import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import type { Env, Served } from "../app.ts";
import { checkModel } from "../models.ts";
import { parseBody } from "../requests.ts";
import { type ResponseHead, responseMessages, wholeResponse } from "../responses-format.ts";
import { responsesJob, ResponsesRequestSchema } from "../responses-request.ts";
import { answerInTurn } from "../turn.ts";

/** `POST /v1/responses`. */
export function addResponses(app: Hono<Env>, served: Served): void {
  const { modelId, now, randomSeed, maxTokens, report } = served;
  app.post("/v1/responses", async (c) => {
    const request = await parseBody(ResponsesRequestSchema, c.req.raw);
    checkModel(request.model, modelId);
    const job = responsesJob(request, { randomSeed: randomSeed(), maxTokens });
    const head: ResponseHead = {
      id: randomUUID().replaceAll("-", ""),
      created: now(),
      model: modelId,
      identity: await served.identity,
      request,
      job,
    };
    return answerInTurn(served, c, {
      job,
      isStream: request.stream,
      whole: (events) => wholeResponse(head, events),
      messages: (events) => responseMessages(head, { events, report }),
    });
  });
}
