// What a decode loop promises, over random arrivals: rows that join at any step, leave early, fail, or are read late, with any
// decoder and settings of their own, get what they get alone.
import { AbortedError, createRandom, type Random } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { float32, reshape, take } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Canvas } from "./canvas.ts";
import { allowedTokens } from "./constraints/allowed-tokens.ts";
import { constrain } from "./constraints/constraint.ts";
import { createDenoiser } from "./create-denoiser.ts";
import { createDecodeLoop } from "./decode-loop.ts";
import { autoregressiveDecoder } from "./decoders/autoregressive.ts";
import { bd3lmCardDecoder } from "./decoders/bd3lm-card.ts";
import { bd3lmDecoder } from "./decoders/bd3lm.ts";
import type { Decoder } from "./decoders/decoder.ts";
import { dreamOnDecoder } from "./decoders/dream-on.ts";
import { dreamDecoder } from "./decoders/dream.ts";
import { editingDecoder } from "./decoders/editing.ts";
import { fastDllmV2Decoder } from "./decoders/fast-dllm-v2.ts";
import { lladaDecoder } from "./decoders/llada.ts";
import { mdlmDecoder } from "./decoders/mdlm.ts";
import { p2Decoder } from "./decoders/p2.ts";
import { parallelDecoder } from "./decoders/parallel.ts";
import { remaskingDecoder } from "./decoders/remasking.ts";
import { sdarDecoder } from "./decoders/sdar.ts";
import { speculativeDecoder } from "./decoders/speculative.ts";
import { stableDiffcoderDecoder, stableDiffcoderStepsDecoder } from "./decoders/stable-diffcoder.ts";
import type { Denoiser, DenoiseRequest } from "./denoiser.ts";
import { fakeDenoiser, MASK, type Propose } from "./fake-denoiser.fixture.ts";
import type { LoopRow } from "./loop-row.ts";
import { SamplerOptionsSchema } from "./options.ts";
import { promptCanvas } from "./prompt-canvas.ts";

const [PAD, END, EXPAND, VOCAB] = [0, 1, 90, 100];
const dream = (options: object) => dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 1, steps: 4, temperature: 1, ...options }));
const decoders: Record<string, Decoder> = {
  "dream, entropy": dream({ schedule: "even" }),
  "dream, greedy": dream({ schedule: "even", temperature: 0 }),
  "dream, origin": dream({ alg: "origin" }),
  "dream, margin, positions drawn": dream({ alg: "topk_margin", algTemp: 0.5, temperature: 0.3, topP: 0.9 }),
  "dream, maskgit_plus, top-k": dream({ alg: "maskgit_plus", topK: 3, schedule: "even" }),
  "llada in blocks": lladaDecoder({ steps: 4, blockLength: 3, temperature: 0.7 }),
  "llada, random, guided": lladaDecoder({ steps: 4, blockLength: 4, remasking: "random", temperature: 1, cfgScale: 0.5 }),
  threshold: parallelDecoder({ rule: "threshold", threshold: 0.6, temperature: 1 }),
  factor: parallelDecoder({ rule: "factor", factor: 1, blockLength: 3, temperature: 0.5 }),
  "entropy bound": parallelDecoder({ rule: "entropy_bound", entropyBound: 0.5, temperature: 1, topK: 5 }),
  hierarchy: parallelDecoder({ rule: "hierarchy", threshold: 0.8, lowThreshold: 0.4, temperature: 1 }),
  "remasking, rescale": remaskingDecoder({ steps: 6, eta: 0.5, temperature: 1 }),
  "remasking, cap": remaskingDecoder({ steps: 5, remasking: "cap", eta: 0.4, temperature: 1 }),
  "remasking, conf": remaskingDecoder({ steps: 5, remasking: "conf", temperature: 0.8, topP: 0.8 }),
  editing: editingDecoder({ threshold: 0.7, editThreshold: 0.8, blockLength: 4, maxPostEdits: 3 }),
  dreamon: dreamOnDecoder({ expandTokenId: EXPAND, eosTokenId: END, vocabSize: VOCAB, maxNewTokens: 10, temperature: 1 }),
  autoregressive: autoregressiveDecoder({ temperature: 1 }),
  p2: p2Decoder({ steps: 5, temperature: 1 }),
  "mdlm in blocks": mdlmDecoder({ steps: 6, blockLength: 4, temperature: 0.7 }),
  "mdlm, cosine, guided": mdlmDecoder({ stepsPerBlock: 3, scheduler: "cosine", cfgScale: 0.5, cfgKeepTokens: [41] }),
  bd3lm: bd3lmDecoder({ stepsPerBlock: 2, blockLength: 4, temperature: 1 }),
  "bd3lm, compat": bd3lmDecoder({ steps: 6, blockLength: 3, compat: true }),
  "bd3lm's card": bd3lmCardDecoder({ steps: 6, blockLength: 4, temperature: 0.5 }),
  "bd3lm's card, compat, guided": bd3lmCardDecoder({ steps: 6, blockLength: 4, compat: true, cfgScale: 0.7 }),
  "sdar, static": sdarDecoder({ rule: "static", blockLength: 4, stepsPerBlock: 3, temperature: 1 }),
  "sdar, dynamic": sdarDecoder({ rule: "dynamic", blockLength: 3, threshold: 0.6, temperature: 1, topK: 4 }),
  "sdar, sequential": sdarDecoder({ rule: "sequential", blockLength: 4, stepsPerBlock: 2 }),
  speculative: speculativeDecoder({ blockLength: 1, temperature: 1 }),
  "speculative in blocks": speculativeDecoder({ blockLength: 4, temperature: 0.5 }),
  "Fast-dLLM v2": fastDllmV2Decoder({ blockLength: 4, subBlockLength: 2, threshold: 0.7, temperature: 0.5 }),
  "Stable-DiffCoder": stableDiffcoderDecoder({ blockLength: 4, threshold: 0.6, temperature: 1 }),
  "Stable-DiffCoder, steps": stableDiffcoderStepsDecoder({ blockLength: 3, steps: 5 }),
  constrained: constrain(dream({ schedule: "even" }), allowedTokens({ vocabSize: VOCAB, positions: new Map([[1, [20, 21]]]) })),
};
const names = Object.keys(decoders);

/** A row of the test: when it comes, what it is, and how it ends. */
interface Arrival {
  name: string;
  /** Turns of the event loop that pass before it is added. */
  after: number;
  prompt: number;
  masks: number;
  seed: number;
  fate: "read" | "read late" | "left" | "cancelled" | "aborted" | "hook fails";
}
const arrival = fc.record<Arrival>({
  name: fc.constantFrom(...names),
  after: fc.integer({ min: 0, max: 6 }),
  prompt: fc.integer({ min: 1, max: 5 }),
  masks: fc.integer({ min: 1, max: 9 }),
  seed: fc.nat(1000),
  fate: fc.constantFrom("read", "read", "read", "read late", "left", "cancelled", "aborted", "hook fails"),
});

/** The first token of a row says whose it is. */
const markOf = (row: number): number => 50 + row;
const canvasOf = ({ prompt, masks }: Arrival, row: number): Canvas => {
  const promptIds = [markOf(row), ...Array.from({ length: prompt - 1 }, (_, i) => 40 + i)];
  return promptCanvas({ promptIds, maxNewTokens: masks, denoiser: { maskTokenId: MASK, vocabSize: VOCAB }, padTokenId: PAD });
};

/** What is proposed depends on all of the row, on what the session has kept of it, and on the draw. */
function rememberingDenoiser(): Denoiser & { requests: DenoiseRequest[] } {
  const passes = new Map<number, number>();
  const propose: Propose = (ids, column, uniform, allowed) => {
    const kept = passes.get(ids[0]!) ?? 0;
    const sum = ids.reduce((total, token, i) => (total * 31 + token * (i + 1)) % 9973, kept);
    const key = (sum + column * 17 + Math.floor(uniform * 50)) % 97;
    const token = key % 11 === 0 ? END : key % 7 === 0 && allowed?.length === 2 && allowed[1] === 1 ? EXPAND : 10 + (key % 25);
    return { token: allowed !== undefined && allowed.length > 2 ? 20 : token, confidence: ((key * 37 + column) % 101) / 101 };
  };
  const fake = fakeDenoiser(propose);
  return {
    maskTokenId: MASK,
    vocabSize: VOCAB,
    requests: fake.requests,
    propose: fake.propose,
    openSession: () => {
      const kept = new Map<number, number>();
      return {
        propose: async (request) => {
          const { inputIds, length } = request;
          request.rows!.forEach((slot, i) => {
            kept.set(slot, (kept.get(slot) ?? 0) + 1);
            passes.set(inputIds[i * length]!, kept.get(slot)!);
          });
          await new Promise((resolve) => setImmediate(resolve));
          return fake.propose(request);
        },
        release: (slot) => void kept.delete(slot),
        close: () => kept.clear(),
      };
    },
  };
}

type Loop = ReturnType<typeof createDecodeLoop>;
const optionsOf = (arrival: Arrival, row: number, random: Random) => ({
  canvas: canvasOf(arrival, row),
  decoder: decoders[arrival.name]!,
  random,
  eosTokenIds: arrival.name === "dreamon" ? [] : [END],
});
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

async function toEnd(row: LoopRow) {
  const changes: unknown[] = [];
  for await (const { step, forwardPasses, change } of row) changes.push([step, forwardPasses, change]);
  return { ids: [...row.canvas.ids], end: row.canvas.end, changes };
}

/** One row to its fate; `undefined` if it is not decoded to the end. */
async function live(loop: Loop, arrival: Arrival, row: number, requests: DenoiseRequest[]) {
  await turns(arrival.after);
  const stop = new AbortController();
  const hook = { tokensHook: () => expect.fail("hook") };
  const options = { ...optionsOf(arrival, row, createRandom(arrival.seed)), signal: stop.signal, ...(arrival.fate === "hook fails" && hook) };
  const handle = loop.add(options);
  if (arrival.fate === "read") return toEnd(handle);
  if (arrival.fate === "read late") {
    await turns(60);
    return toEnd(handle);
  }
  if (arrival.fate === "hook fails") {
    await expect(toEnd(handle)).rejects.toThrow("hook");
    return undefined;
  }
  await turns(4);
  const seen = requests.length;
  if (arrival.fate === "left") await handle.return!();
  else if (arrival.fate === "cancelled") handle.cancel();
  else stop.abort();
  // It may have ended before; else its reader hears of it at once.
  await toEnd(handle).catch((error: unknown) => expect(error).toBeInstanceOf(AbortedError));
  await turns(5);
  // One pass may have been under way.
  for (const { inputIds } of requests.slice(seen + 1)) expect(inputIds).not.toContain(markOf(row));
  return undefined;
}

describe("rows that come and go", () => {
  it("get the tokens, step by step, that they get alone", async () => {
    const met = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 2, maxLength: 8 }), fc.integer({ min: 1, max: 4 }), async (arrivals, maxRows) => {
        const denoiser = rememberingDenoiser();
        const loop = createDecodeLoop({ denoiser, padTokenId: PAD, maxRows });
        const results = await Promise.all(arrivals.map((one, row) => live(loop, one, row, denoiser.requests)));
        await loop.drain();
        expect(loop.stats()).toMatchObject({ running: 0, waiting: 0 });
        // A row that speculates in blocks is asked in several versions.
        const rowsOf = ({ inputIds, batchSize, length }: DenoiseRequest) =>
          new Set(Array.from({ length: batchSize }, (_, i) => inputIds[i * length]));
        expect(Math.max(0, ...denoiser.requests.map((request) => rowsOf(request).size))).toBeLessThanOrEqual(maxRows);
        for (const [row, one] of arrivals.entries()) {
          if (results[row] === undefined) continue;
          met.add(one.name);
          const alone = createDecodeLoop({ denoiser: rememberingDenoiser(), padTokenId: PAD });
          expect([one.name, results[row]]).toEqual([one.name, await toEnd(alone.add(optionsOf(one, row, createRandom(one.seed))))]);
        }
      }),
      { numRuns: 60, seed: 1 },
    );
    expect([...met].toSorted()).toEqual(names.toSorted());
  });

  it("are admitted in the order in which they came: none waits for more than those before it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 2, maxLength: 10 }), fc.integer({ min: 1, max: 3 }), async (arrivals, maxRows) => {
        const loop = createDecodeLoop({ denoiser: rememberingDenoiser(), padTokenId: PAD, maxRows });
        const [added, admitted]: [number[], number[]] = [[], []];
        const rows = arrivals.map(async (one, row) => {
          await turns(one.after);
          added.push(row);
          const decoder = decoders[one.name]!;
          const start: Decoder["start"] = (given) => (admitted.push(row), decoder.start(given));
          return toEnd(loop.add({ ...optionsOf(one, row, createRandom(one.seed)), decoder: { ...decoder, start } }));
        });
        await Promise.all(rows);
        expect(admitted).toEqual(added);
      }),
      { numRuns: 30, seed: 2 },
    );
  });

  it("draw by seed, own step and column of the completion: neither prompt nor padding counts", async () => {
    const uniformsOf = async (prompt: number, promptLength: number) => {
      const fake = fakeDenoiser((_, column, uniform) => ({ token: 10 + Math.floor(uniform * 80), confidence: -column }));
      const loop = createDecodeLoop({ denoiser: fake, padTokenId: PAD });
      const promptIds = Array.from({ length: prompt }, (_, i) => 40 + i);
      const canvas = promptCanvas({ promptIds, promptLength, maxNewTokens: 6, denoiser: fake, padTokenId: PAD });
      await toEnd(loop.add({ canvas, decoder: dream({ steps: 3, schedule: "even" }), random: createRandom(7) }));
      return fake.requests.map(({ uniforms }) => [...uniforms!]);
    };
    const want = await uniformsOf(1, 1);
    expect(want.map(({ length }) => length)).toEqual([6, 4, 2]);
    for (const [prompt, promptLength] of [
      [3, 3],
      [3, 9],
      [1, 4],
    ] as const)
      expect(await uniformsOf(prompt, promptLength)).toEqual(want);
  });
});

describe("rows with settings of their own, on the device", () => {
  const random = createRandom(4);
  const table = float32(
    Array.from({ length: 12 * 12 }, () => 2 * random.normal()),
    [12, 12],
  );
  const logits: LogitsFunction = ({ table: rows }, { inputIds, logitPositions }) => take(take(rows!, reshape(inputIds, [-1])), logitPositions!);
  const denoiser = createDenoiser({ logits, parameters: () => ({ table }), maskTokenId: 11, vocabSize: 12, forbiddenIds: [11] });
  const settings: Decoder[] = [
    dream({ schedule: "even", temperature: 0 }),
    dream({ schedule: "even", temperature: 1.3 }),
    dream({ schedule: "even", temperature: 0.7, topP: 0.8, alg: "topk_margin" }),
    dream({ schedule: "even", temperature: 1, topK: 3, alg: "maskgit_plus" }),
    dream({ schedule: "even", temperature: 0, topP: 0.5, alg: "maskgit_plus" }),
    lladaDecoder({ steps: 3, temperature: 1, cfgScale: 1.5 }),
    constrain(dream({ schedule: "even" }), allowedTokens({ vocabSize: 12, positions: new Map([[0, [3, 4]]]) })),
    constrain(
      dream({ schedule: "even", topP: 0.9 }),
      allowedTokens({
        vocabSize: 12,
        positions: new Map([
          [1, [5]],
          [2, [6, 7, 8]],
        ]),
      }),
    ),
  ];
  const rowOf = (setting: number, masks: number) => ({
    canvas: promptCanvas({ promptIds: [1, 2], maxNewTokens: masks, denoiser, padTokenId: PAD }),
    decoder: settings[setting]!,
    random: createRandom(100 + setting),
  });

  it("get the tokens that they get alone, and plans stay within their bound", async () => {
    const rows = fc.array(fc.record({ setting: fc.nat(settings.length - 1), masks: fc.integer({ min: 2, max: 7 }), after: fc.nat(4) }), {
      minLength: 2,
      maxLength: 5,
    });
    const alone = new Map<string, unknown>();
    await fc.assert(
      fc.asyncProperty(rows, async (some) => {
        const loop = createDecodeLoop({ denoiser, padTokenId: PAD });
        const together = some.map(async ({ setting, masks, after }) => {
          await turns(after);
          return (await toEnd(loop.add(rowOf(setting, masks)))).ids;
        });
        for (const [i, ids] of (await Promise.all(together)).entries()) {
          const { setting, masks } = some[i]!;
          const key = `${setting} ${masks}`;
          if (!alone.has(key)) alone.set(key, (await toEnd(createDecodeLoop({ denoiser, padTokenId: PAD }).add(rowOf(setting, masks)))).ids);
          expect([setting, ids]).toEqual([setting, alone.get(key)]);
        }
        expect(loop.stats().plans).toBeLessThanOrEqual(64);
      }),
      { numRuns: 12, seed: 3 },
    );
    denoiser.dispose();
    expect(denoiser.plans).toBe(0);
  });

  it("share one plan for a size, whatever the values of their settings are", async () => {
    const loop = createDecodeLoop({ denoiser, padTokenId: PAD });
    for (const [temperature, alg] of [
      [0.5, "entropy"],
      [1, "maskgit_plus"],
      [0.3, "topk_margin"],
      [2, "origin"],
    ] as const)
      await toEnd(loop.add({ ...rowOf(0, 4), decoder: dream({ steps: 1, temperature, alg }) }));
    expect(denoiser.plans).toBe(1);
    for (const filter of [{ topP: 0.5 }, { topP: 0.9, topK: 3 }, { topK: 2 }])
      await toEnd(loop.add({ ...rowOf(0, 4), decoder: dream({ steps: 1, ...filter }) }));
    expect(denoiser.plans).toBe(2);
    // A batch in which nothing is drawn leaves the draw out.
    for (const alg of ["entropy", "maskgit_plus"] as const)
      await toEnd(loop.add({ ...rowOf(0, 4), decoder: dream({ steps: 1, temperature: 0, alg }) }));
    expect(denoiser.plans).toBe(3);
    denoiser.dispose();
  });
});
