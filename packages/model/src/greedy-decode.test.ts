import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { forward, greedyDecode } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

const config = { ...smallConfig, maxPositionEmbeddings: 128 };
const parameters = smallParameters(config);

describe("greedyDecode", () => {
  it("takes the most likely next token of the whole forward pass, again and again, across its lengths", async () => {
    const logits = compile((p: Record<string, Tensor>, inputIds: Tensor) => ({ logits: forward(config, p, { inputIds, attention: "causal" }) }));
    const ids = Array.from({ length: 62 }, (_, i) => i % 11);
    for (let i = 0; i < 4; i++) {
      const last = (await logits(parameters, int32(ids, [1, ids.length]))).logits.data.slice(-config.vocabSize);
      ids.push(last.indexOf(Math.max(...last)));
    }
    expect(await greedyDecode({ config, parameters, promptIds: ids.slice(0, 62), maxNewTokens: 4 })).toEqual(ids.slice(62));
  });

  it("ends with the token that ends the text", async () => {
    const free = await greedyDecode({ config, parameters, promptIds: [1, 2], maxNewTokens: 5 });
    const end = free[2] as number;
    const ended = await greedyDecode({ config, parameters, promptIds: [1, 2], maxNewTokens: 5, eosTokenIds: [end] });
    expect(ended).toEqual(free.slice(0, free.indexOf(end) + 1));
  });

  it("stops when asked", async () => {
    const stop = new AbortController();
    const running = greedyDecode({ config, parameters, promptIds: [1], maxNewTokens: 5, signal: stop.signal, onToken: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: "ABORTED", message: "Generation was stopped." });
  });

  it("refuses no prompt, unknown ids and more positions than there are", async () => {
    const decode = (promptIds: number[], maxNewTokens = 1) => greedyDecode({ config, parameters, promptIds, maxNewTokens });
    await expect(decode([])).rejects.toThrow("promptIds must be at least one token, got [].");
    await expect(decode([13])).rejects.toThrow("promptIds must be ids below 13, got 13.");
    await expect(decode([1, 2], 127)).rejects.toThrow("maxNewTokens must be at most 126, for 128 positions in all, got 127.");
  });
});
