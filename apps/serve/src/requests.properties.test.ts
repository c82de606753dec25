import fc from "fast-check";
import { expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";

const odd = fc.oneof(
  fc.constantFrom(null, "", 0, -1, 1, 1e308, 0.5, true, [], {}, [null], [[]], "\u0000", "<|mask|>"),
  fc.jsonValue({ maxDepth: 2 }),
);
const text = fc.oneof(fc.constantFrom("Return xs.", "", "\u0007\u001b[2J", "<|im_end|>"), fc.string({ unit: "binary" }));
const message = fc.oneof(
  fc.record({ role: fc.constantFrom("system", "developer", "user", "assistant", "tool"), content: fc.oneof(text, odd) }, { requiredKeys: [] }),
  odd,
);
const FIELDS = (
  "model max_tokens max_completion_tokens max_output_tokens temperature top_p top_k n stream stream_options stop seed logprobs top_logprobs suffix template echo " +
  "best_of frequency_penalty logit_bias tools tool_choice response_format user store metadata steps alg threshold block_length cache schedule constraint " +
  "instructions include reasoning text previous_response_id return_token_strs other __proto__"
).split(" ");
const body = fc
  .record({
    main: fc.oneof(
      fc.record({ prompt: fc.oneof(text, odd) }),
      fc.record({ messages: fc.oneof(fc.array(message, { maxLength: 3 }), odd) }),
      fc.record({ input: fc.oneof(text, fc.array(message, { maxLength: 3 }), odd) }),
    ),
    more: fc.dictionary(fc.constantFrom(...FIELDS), odd, { maxKeys: 3 }),
  })
  .map(({ main, more }) => ({ ...more, ...main }));

it("any body gets an answer or a 4xx that says which field", async () => {
  const { post, failures } = await serve(createFakeEngine());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("/v1/completions", "/v1/chat/completions", "/v1/responses", "/v1/denoise", "/tokenize"),
      body,
      async (path, fields) => {
        const response = await post(path, fields);
        const answer = await response.text();
        if (response.status === 200) return;
        expect([400, 404, 413]).toContain(response.status);
        const { error } = JSON.parse(answer) as { error: { message: string; type: string; param: string | null } };
        expect(error.type).toBe("invalid_request_error");
        expect(error.message.length).toBeGreaterThan(10);
        expect([error.message, error.param]).toEqual([error.message, expect.stringMatching(/./)]);
      },
    ),
    { seed: 16, numRuns: 400 },
  );
  expect(failures).toEqual([]);
});
