import { randomUUID } from "node:crypto";
import type { Context, Hono } from "hono";
import type { ApiError } from "../api-error.ts";
import type { Env, Served } from "../app.ts";
import { type CompletionEvent, type CompletionJob, completionJob } from "../completions.ts";
import { message } from "../event-stream.ts";
import { checkModel } from "../models.ts";
import { type AnswerHead, chunkOf, type Endpoint, UsageCount, usageChunk, wholeAnswer } from "../openai-format.ts";
import { type ChatCompletionRequest, ChatCompletionRequestSchema, type CompletionRequest, CompletionRequestSchema, parseBody } from "../requests.ts";
import { type ResumePoint, resumePoint } from "../resume.ts";
import { answerInTurn } from "../turn.ts";

/** `POST /v1/completions` and `POST /v1/chat/completions`. */
export function addCompletions(app: Hono<Env>, served: Served): void {
  app.post("/v1/completions", async (c) => complete(served, c, "completion", await parseBody(CompletionRequestSchema, c.req.raw)));
  app.post("/v1/chat/completions", async (c) => complete(served, c, "chat", await parseBody(ChatCompletionRequestSchema, c.req.raw)));
}

async function complete(served: Served, c: Context, endpoint: Endpoint, request: CompletionRequest | ChatCompletionRequest): Promise<Response> {
  const { modelId, now, randomSeed, maxTokens, report } = served;
  checkModel(request.model, modelId);
  const job = completionJob(request, { randomSeed: randomSeed(), maxTokens });
  const identity = served.identity();
  const { fingerprint } = identity;
  const resume = resumePoint(request.stream ? c.req.header("last-event-id") : undefined, { seed: request.seed, fingerprint });
  const head: AnswerHead = {
    endpoint,
    id: `${endpoint === "chat" ? "chatcmpl" : "cmpl"}-${randomUUID()}`,
    created: now(),
    model: modelId,
    identity,
  };
  const includeUsage = request.stream_options?.include_usage === true;
  return answerInTurn(served, c, {
    job,
    isStream: request.stream,
    whole: (events) => wholeAnswer(head, { events, job }),
    messages: (events) => completionMessages({ head, job, resume, events, includeUsage, report }),
  });
}

async function* completionMessages({
  head,
  job,
  resume,
  events,
  includeUsage,
  report,
}: {
  head: AnswerHead;
  job: CompletionJob;
  resume: ResumePoint;
  events: AsyncGenerator<CompletionEvent>;
  includeUsage: boolean;
  report: (error: unknown) => ApiError;
}): AsyncGenerator<string> {
  const count = new UsageCount(job.choices);
  try {
    for await (const event of events) {
      count.add(event);
      const id = resume.idOf(event.index);
      const chunk = id === undefined ? undefined : chunkOf(head, event);
      if (chunk !== undefined) yield message(chunk, { id });
    }
    if (includeUsage) yield message(usageChunk(head, { usage: count.usage, job }), { id: resume.id });
    yield message("[DONE]");
  } catch (error) {
    yield message(report(error).body);
  }
}
