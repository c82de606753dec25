import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { identify, type Identity } from "./identity.ts";
import { serve } from "./served.fixture.ts";

async function identityOf(model: Parameters<typeof identify>[0]): Promise<Identity> {
  const { known, done } = identify(model);
  await done;
  return known();
}

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

it("depends on every weight, wherever it is and in whichever memory", async () => {
  const { generationConfig } = createFakeEngine();
  const hashOf = async (at?: number, memory: ArrayBufferLike = new ArrayBuffer(9 << 20)): Promise<string | null> => {
    const data = new Float32Array(memory);
    if (at !== undefined) data[at] = 1;
    return (await identityOf({ parameters: { a: { data } }, generationConfig })).model_hash;
  };
  const last = (9 << 18) - 1;
  const hashes = [await hashOf(), await hashOf(0), await hashOf(1 << 20), await hashOf(last)];
  expect(new Set(hashes).size).toBe(4);
  expect(await hashOf(last, new SharedArrayBuffer(9 << 20))).toBe(hashes[3]);
});

it("keeps nobody waiting: others have their turn, and answers say null until it is known", async () => {
  const engine = createFakeEngine();
  const { known, done } = identify({ parameters: { a: { data: new Float32Array(6 << 20) } }, generationConfig: engine.generationConfig });
  let turns = 0;
  const count = (): void => {
    turns++;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await done;
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(5); // between 6 slices of 4 MB
  const unknown: Identity = { ...known(), model_hash: null, fingerprint: null };
  let now = unknown;
  const { post } = await serve(engine, { identity: () => now });
  const ask = (fields: object = {}, headers: object = {}): Promise<Response> =>
    post("/v1/completions", { prompt: "p", seed: 1, ...fields }, { headers: { "content-type": "application/json", ...headers } });
  expect(await (await ask()).json()).toMatchObject({ system_fingerprint: null, diffusion: { model_hash: null, build: known().build } });
  const [, id] = /^id: (.*)$/m.exec(await (await ask({ stream: true })).text())!;
  const goOn = async (): Promise<unknown[]> => {
    const response = await ask({ stream: true }, { "last-event-id": id });
    return [response.status, response.headers.get("retry-after"), ((await response.json()) as { error: { message: string } }).error.message];
  };
  const wait = "The server's weights are still being hashed, so it cannot tell whether it would give the same answer. Try again in a moment.";
  expect(await goOn()).toEqual([503, "5", wait]);
  now = known();
  const { fingerprint, model_hash } = now;
  expect(await goOn()).toEqual([
    400,
    null,
    `The stream that broke was of "fp_unknown", and this server is ${fingerprint}: it would not give the same answer.`,
  ]);
  expect(await (await ask()).json()).toMatchObject({ system_fingerprint: fingerprint, diffusion: { model_hash } });
});
