import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { expect, it } from "vitest";
import { identityOf } from "./identity.ts";

it("is that of the weights as they are computed with, of the defaults and of the machine", async () => {
  const [whole, again, quantized] = await Promise.all([
    loadDiffuCoder(bundledModelDir()),
    loadDiffuCoder(bundledModelDir()),
    loadDiffuCoder(bundledModelDir(), { quantize: "int8" }),
  ]);
  const one = await identityOf(whole);
  expect(await identityOf(again)).toEqual(one);
  const others = [await identityOf(quantized), await identityOf({ ...whole, generationConfig: { ...whole.generationConfig, temperature: 0.5 } })];
  for (const other of others) expect([other.model_hash, other.fingerprint, other.build]).not.toEqual([one.model_hash, one.fingerprint, one.build]);
  expect(new Set([one, ...others].map(({ fingerprint }) => fingerprint)).size).toBe(3);
  for (const coder of [whole, again, quantized]) await coder.close();
});
