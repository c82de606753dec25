import { describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

describe("bad requests", () => {
  const chat = (fields: object) => ({ messages: [{ role: "user", content: "p" }], ...fields });

  it.each<[string, string, unknown, number, object]>([
    [
      "unknown field",
      "/v1/completions",
      { prompt: "p", temprature: 1 },
      400,
      { message: "Unrecognized or unsupported parameter: temprature", param: "temprature", code: "unknown_parameter" },
    ],
    [
      "unknown field inside",
      "/v1/chat/completions",
      { messages: [{ role: "user", content: "p", x: 1 }] },
      400,
      { message: "Unrecognized or unsupported parameter: messages.0.x", param: "messages.0.x", code: "unknown_parameter" },
    ],
    [
      "every problem at once",
      "/v1/completions",
      { prompt: "", n: 9, temperature: "hot" },
      400,
      {
        message:
          "prompt: Too small: expected string to have >=1 characters; temperature: Invalid input: expected number, received string; n: Too big: expected number to be <=8",
        param: "prompt",
        code: "invalid_value",
      },
    ],
    [
      "list of prompts",
      "/v1/completions",
      { prompt: ["a", "b"] },
      400,
      { message: "prompt: expected one string (lists and token ids are not supported)", param: "prompt" },
    ],
    [
      "no messages",
      "/v1/chat/completions",
      { messages: [] },
      400,
      { message: "messages: Too small: expected array to have >=1 items", param: "messages" },
    ],
    [
      "both limits",
      "/v1/chat/completions",
      chat({ max_tokens: 1, max_completion_tokens: 2 }),
      400,
      { message: "max_tokens: give this or max_completion_tokens, not both", param: "max_tokens" },
    ],
    [
      "bad stop",
      "/v1/completions",
      { prompt: "p", stop: ["a", "b", "c", "d", "e"] },
      400,
      { message: "stop: expected a string or up to four strings, none of them empty", param: "stop" },
    ],
    ["not JSON", "/v1/completions", "{", 400, { message: "The request body is not valid JSON.", code: "invalid_json" }],
    [
      "other model",
      "/v1/completions",
      { prompt: "p", model: "gpt-4" },
      404,
      { message: 'There is no model "gpt-4" here, only "tiny".', param: "model", code: "model_not_found" },
    ],
    [
      "too large",
      "/v1/completions",
      { prompt: "p".repeat(70_000) },
      413,
      { message: "The request body is larger than 65536 bytes.", code: "body_too_large" },
    ],
    [
      "what the model refuses",
      "/v1/completions",
      { prompt: "p".repeat(2000), stream: true },
      400,
      { message: "prompt must be at most 48 tokens, got 251.", param: "prompt", code: "invalid_value" },
    ],
    [
      "what the model refuses on the page",
      "/v1/denoise",
      { prompt: "p".repeat(2000) },
      400,
      { message: "prompt must be at most 48 tokens, got 251.", param: "prompt" },
    ],
    ["no such place", "/v1/nothing", {}, 404, { message: "There is nothing at POST /v1/nothing.", code: "not_found" }],
  ])("%s", async (_, path, body, status, error) => {
    const served = await serve(createFakeEngine());
    const response = await served.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { type: "invalid_request_error", param: null, code: "invalid_value", ...error } });
    expect(served.failures).toEqual([]);
  });

  it("wants JSON, so that no plain form of another site gets through", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/completions", '{"prompt":"p"}', { headers: { "content-type": "text/plain" } });
    expect(response.status).toBe(415);
  });
});
