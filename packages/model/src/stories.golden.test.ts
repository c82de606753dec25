// stories260K (karpathy, MIT), a trained Llama of 260 thousand weights, in Hugging Face's form. The golden values are those of
// llama2.c's run.c (ids) and of a NumPy forward pass (logits).
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { forward, loadModel, saveModel } from "./index.ts";

const weights = fileURLToPath(new URL("../../../../shared/weights", import.meta.url));
const isThere = existsSync(join(weights, "stories260K.safetensors"));

interface Golden {
  ids_greedy64: number[];
  causal_logits_pos15_first16: number[];
  bidirectional_logits_pos15_first16: number[];
  causal_nll_first63: number;
}

describe.skipIf(!isThere)(`stories260K${isThere ? "" : " (SKIPPED: ../shared/weights is not there)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "stories-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = () => {
    copyFileSync(join(weights, "stories260K.config.json"), join(folder, "config.json"));
    copyFileSync(join(weights, "stories260K.safetensors"), join(folder, "model.safetensors"));
    return loadModel(folder);
  };
  const golden = (): Golden => JSON.parse(readFileSync(join(weights, "stories260K.golden.json"), "utf8")) as Golden;
  const logitsOf = async (ids: readonly number[], attention: "causal" | "full"): Promise<NdArray> => {
    const { config, parameters } = await load();
    const run = compile((p: Record<string, Tensor>, inputIds: Tensor) => ({ logits: forward(config, p, { inputIds, attention }) }));
    return (await run(parameters, int32(ids, [1, ids.length]))).logits;
  };

  it("finds each id of the reference's greedy run the likeliest after those before it", async () => {
    const { ids_greedy64: ids } = golden();
    const { data } = await logitsOf(ids.slice(0, -1), "causal");
    const likeliest = ids.slice(1).map((_, i) => {
      const row = data.slice(512 * i, 512 * (i + 1));
      return row.indexOf(Math.max(...row));
    });
    expect(likeliest).toEqual(ids.slice(1));
  });

  it("has the logits of the reference with causal and with full attention", async () => {
    const { ids_greedy64: ids, ...want } = golden();
    const first16 = async (attention: "causal" | "full"): Promise<number[]> =>
      Array.from((await logitsOf(ids.slice(0, 16), attention)).data.slice(15 * 512, 15 * 512 + 16));
    expect(await first16("causal")).toBeAllclose(want.causal_logits_pos15_first16, { rtol: 1e-4, atol: 1e-4 });
    expect(await first16("full")).toBeAllclose(want.bidirectional_logits_pos15_first16, { rtol: 1e-4, atol: 1e-4 });
  });

  it("has the reference's likelihood", async () => {
    const { ids_greedy64: ids, causal_nll_first63: want } = golden();
    const { data } = await logitsOf(ids, "causal");
    let nll = 0;
    for (let i = 0; i < 63; i++) {
      const row = Array.from(data.slice(512 * i, 512 * (i + 1)));
      const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
      nll += logSum - row[ids[i + 1]!]!;
    }
    expect([nll / 63]).toBeAllclose([want], { rtol: 1e-4 });
  });

  it("is written as it was read", async () => {
    const model = await load();
    saveModel(folder, model);
    const again = await loadModel(folder);
    expect(again.config).toEqual(model.config);
    const bytes = (parameters: Record<string, NdArray>): Buffer =>
      Buffer.concat(Object.values(parameters).map(({ data }) => Buffer.from(data.buffer)));
    expect(bytes(again.parameters).equals(bytes(model.parameters))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toMatchObject({
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      attention_bias: false,
      tie_word_embeddings: true,
      eos_token_id: 2,
      bos_token_id: 1,
    });
  });
});
