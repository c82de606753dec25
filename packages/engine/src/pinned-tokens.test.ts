import type { ConfigError } from "@diffucoder/core";
import { DECODER_NAMES } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { type GenerateOptions, type GenerationEvent, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const [end] = [...coder.endIds] as [number];

describe("pinned tokens", () => {
  it.each(DECODER_NAMES.filter((alg) => alg !== "speculative"))("stay where %s fills the rest", async (alg) => {
    const hot = alg === "editing" ? {} : { temperature: 1 };
    const { tokenIds, trace } = await coder.generate({
      prompt: "f",
      alg,
      ...hot,
      pinned: [
        { position: 2, text: "return xs" },
        { position: 0, tokenIds: [65] },
      ],
    });
    const given = coder.tokenizer.encode("return xs");
    expect(tokenIds[0]).toBe(65);
    expect(tokenIds.slice(2, 2 + given.length)).toEqual(given);
    expect(trace.initialIds.slice(-12).map((id) => id === trace.maskTokenId)).toEqual(
      Array.from({ length: 12 }, (_, i) => i !== 0 && (i < 2 || i >= 2 + given.length)),
    );
  });

  it("are seen by the rest, told in the layout, and read from the first step on", async () => {
    const events: GenerationEvent[] = [];
    const pinned = [
      { position: 0, text: "return" },
      { position: 11, tokenIds: [end] },
    ];
    for await (const event of coder.stream({ prompt: "f", pinned })) events.push(event);
    const length = coder.tokenizer.encode("return").length;
    expect(events[0]).toMatchObject({ type: "layout", pinned: { positions: [...Array(length).keys(), 11] } });
    expect(events[1]).toMatchObject({ type: "reveal", committedText: expect.stringMatching(/^return/) as string });
    const { generation } = events.at(-1) as { generation: { text: string; finishReason: string } };
    expect(generation.text).toMatch(/^return/);
    expect(generation.finishReason).toBe("stop");
    const other = await coder.generate({
      prompt: "f",
      pinned: [
        { position: 0, text: "system" },
        { position: 11, tokenIds: [end] },
      ],
    });
    expect(other.text.slice("system".length)).not.toBe(generation.text.slice("return".length));
  });

  it("hold beside a constraint, or contradict it", async () => {
    const pinned = [{ position: 1, text: "b" }];
    const { text } = await coder.generate({ prompt: "f", pinned, temperature: 1, constraint: { kind: "regex", pattern: "[a-c]{3}x" } });
    expect(text).toMatch(/^[a-c]{3}x$/);
    expect(text).toContain("b");
    await expect(coder.generate({ prompt: "f", pinned, constraint: { kind: "regex", pattern: "[xyz]{8}" } })).rejects.toThrow(
      "No token at position 0 of the completion keeps to the constraint. Constraints contradict each other, the given tokens break them, or too few masks are left to keep to them.",
    );
  });

  it("are refused by name and place", async () => {
    const problems = async (options: GenerateOptions) => {
      const error: unknown = await coder.generate({ prompt: "f", ...options }).catch((caught: unknown) => caught);
      return (error as ConfigError).problems;
    };
    const mask = coder.denoiser.maskTokenId;
    expect(
      await problems({
        pinned: [
          { position: 0, text: "x", tokenIds: [5] },
          { position: 10, tokenIds: [5, 6, 7] },
          { position: 1, tokenIds: [5, 6] },
          { position: 2, tokenIds: [5] },
          { position: 3, tokenIds: [mask] },
        ],
      }),
    ).toEqual([
      "pinned.0: give a text or tokenIds, one of both",
      "pinned.1: must end within the 12 tokens of the completion, got 3 from position 10",
      "pinned.3: must not overlap the others",
      `pinned.4: tokenIds must be tokens of the model other than the mask, got ${mask}`,
    ]);
    expect(await problems({ pinned: [{ position: -1, text: "" }] })).toHaveLength(2);
  });
});
