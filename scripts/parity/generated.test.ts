// Directories of other shapes, seeds, types and shardings than the golden ones, written by a transformer in PyTorch that shares no
// code with ours.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forwardCheck } from "./forward.ts";
import { pretrainAdamWCheck } from "./pretrain-adamw.ts";

const hasTorch = spawnSync("/usr/bin/python3", ["-c", "import torch"]).status === 0;
const script = fileURLToPath(new URL("reference_transformer.py", import.meta.url));

interface Shape {
  vocab: number;
  width: number;
  inner: number;
  layers: number;
  heads: number;
  keyHeads: number;
  tied: boolean;
  dtype: "F32" | "F16" | "BF16";
  shards: number;
}

const shapes: Readonly<Record<string, Shape>> = {
  "one head, one layer": { vocab: 37, width: 8, inner: 12, layers: 1, heads: 1, keyHeads: 1, tied: false, dtype: "F32", shards: 1 },
  "keys for each head, tied": { vocab: 101, width: 48, inner: 80, layers: 2, heads: 6, keyHeads: 6, tied: true, dtype: "F32", shards: 3 },
  "keys for all heads, F16": { vocab: 333, width: 64, inner: 100, layers: 2, heads: 8, keyHeads: 1, tied: false, dtype: "F16", shards: 2 },
  "groups of three, BF16": { vocab: 259, width: 96, inner: 256, layers: 3, heads: 6, keyHeads: 2, tied: false, dtype: "BF16", shards: 5 },
  "groups of seven, as in 7B": { vocab: 515, width: 112, inner: 296, layers: 4, heads: 14, keyHeads: 2, tied: false, dtype: "BF16", shards: 2 },
  "deep and narrow, F16, tied": { vocab: 64, width: 16, inner: 40, layers: 9, heads: 4, keyHeads: 2, tied: true, dtype: "F16", shards: 4 },
};

describe.skipIf(!hasTorch)(`a directory made by PyTorch${hasTorch ? "" : " (SKIPPED: /usr/bin/python3 has no torch)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "parity-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const directoryOf = (name: string): string => join(folder, name.replaceAll(/\W+/g, "-"));

  beforeAll(() => {
    const specifications = Object.entries(shapes).map(([name, shape], seed) => ({ directory: directoryOf(name), seed, ...inFileNames(shape) }));
    const { status, stderr } = spawnSync("/usr/bin/python3", [script], { input: JSON.stringify(specifications), encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }, 60_000);

  it.each(Object.keys(shapes))("matches: %s", async (name) => {
    for (const check of [forwardCheck, pretrainAdamWCheck]) {
      const { status, detail } = await check.run(directoryOf(name));
      expect(`${check.file}: ${status}`, detail).toBe(`${check.file}: ok`);
    }
  });
});

function inFileNames({ vocab, width, inner, layers, heads, keyHeads, tied, dtype, shards }: Shape): object {
  return {
    dtype,
    shards,
    vocab_size: vocab,
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    tie_word_embeddings: tied,
    mask_token_id: vocab - 4,
    pad_token_id: vocab - 3,
    eos_token_id: vocab - 3,
    bos_token_id: vocab - 2,
    rope_theta: 10_000 * 10 ** (layers % 3),
    initializer_range: 0.15,
    max_position_embeddings: 64,
    rms_norm_eps: layers % 2 === 0 ? 1e-6 : 1e-5,
    rope_scaling: null,
  };
}
