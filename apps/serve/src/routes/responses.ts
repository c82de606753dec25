import { randomUUID } from "node:crypto";
import type { Hono } from "hono";
import type { Env, Served } from "../app.ts";
import { checkModel } from "../models.ts";
import { parseBody } from "../requests.ts";
import { type ResponseHead, wholeResponse } from "../responses-format.ts";
import { RESPONSES_FIELDS, responsesJob, ResponsesRequestSchema } from "../responses-request.ts";
import { responseMessages } from "../responses-stream.ts";
import { answerInTurn } from "../turn.ts";

export const RESPONSES = "/v1/responses";

/** `POST /v1/responses`. */
export function addResponses(app: Hono<Env>, served: Served): void {
  const { modelId, now, randomSeed, maxTokens, report } = served;
  app.post(RESPONSES, async (c) => {
    const request = await parseBody(ResponsesRequestSchema, c.req.raw);
    checkModel(request.model, modelId);
    const job = responsesJob(request, { randomSeed: randomSeed(), maxTokens });
    const head: ResponseHead = {
      id: randomUUID().replaceAll("-", ""),
      created: now(),
      model: modelId,
      identity: served.identity(),
      request,
      job,
    };
    return answerInTurn(served, c, {
      job,
      isStream: request.stream,
      whole: (events) => wholeResponse(head, events),
      messages: (events) => responseMessages(head, { events, report: (error) => report(error, RESPONSES_FIELDS) }),
    });
  });
}
