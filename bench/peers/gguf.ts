// A transformer of Qwen2's form as a GGUF file (version 3) with random quantized weights: speed does not depend on them.
import { closeSync, openSync, writeSync } from "node:fs";
import type { Random } from "@diffucoder/core";
import { type ModelConfig, parameterShapes } from "@diffucoder/model";

/** Of blocks of 32 weights: a float16 scale, then the codes. */
const formats = { Q8_0: { id: 8, bytes: 34, scale: 0x1000 }, Q4_0: { id: 2, bytes: 18, scale: 0x1800 } } as const;
export type GgufFormat = keyof typeof formats;

const ALIGNMENT = 32;
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;

/** Names in GGUF of Hugging Face's. */
function ggufName(name: string): string {
  return name
    .replace("model.embed_tokens", "token_embd")
    .replace("model.norm", "output_norm")
    .replace("lm_head", "output")
    .replace(/^model\.layers\.(\d+)\./, "blk.$1.")
    .replace("self_attn.o_proj", "attn_output")
    .replace(/self_attn\.([qkv])_proj/, "attn_$1")
    .replace(/mlp\.(gate|up|down)_proj/, "ffn_$1")
    .replace("input_layernorm", "attn_norm")
    .replace("post_attention_layernorm", "ffn_norm");
}

/** Writes the file; the vocabulary is bytes and words without meaning. */
export function writeGguf(path: string, { config, format, random }: { config: ModelConfig; format: GgufFormat; random: Random }): void {
  const { id, bytes, scale } = formats[format];
  let offset = 0;
  const tensors = Object.entries(parameterShapes(config)).map(([name, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const isMatrix = shape.length === 2;
    const tensor = { name: ggufName(name), shape, isMatrix, offset, byteLength: isMatrix ? (size / 32) * bytes : 4 * size };
    offset += Math.ceil(tensor.byteLength / ALIGNMENT) * ALIGNMENT;
    return tensor;
  });
  const vocabulary = Array.from({ length: config.vocabSize }, (_, i) => ["<unk>", "<s>", "</s>"][i] ?? (i < 259 ? byteToken(i - 3) : `t${i}`));
  const metadata: [string, number, unknown][] = [
    ["general.architecture", STRING, "qwen2"],
    ["qwen2.block_count", UINT32, config.numHiddenLayers],
    ["qwen2.context_length", UINT32, config.maxPositionEmbeddings],
    ["qwen2.embedding_length", UINT32, config.hiddenSize],
    ["qwen2.feed_forward_length", UINT32, config.intermediateSize],
    ["qwen2.attention.head_count", UINT32, config.numAttentionHeads],
    ["qwen2.attention.head_count_kv", UINT32, config.numKeyValueHeads],
    ["qwen2.attention.layer_norm_rms_epsilon", FLOAT32, config.rmsNormEps],
    ["qwen2.rope.freq_base", FLOAT32, config.ropeTheta],
    ["tokenizer.ggml.model", STRING, "llama"],
    ["tokenizer.ggml.tokens", ARRAY, [STRING, vocabulary]],
    ["tokenizer.ggml.scores", ARRAY, [FLOAT32, vocabulary.map(() => 0)]],
    ["tokenizer.ggml.token_type", ARRAY, [INT32, vocabulary.map((_, i) => (i === 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1))]],
    ["tokenizer.ggml.bos_token_id", UINT32, 1],
    ["tokenizer.ggml.eos_token_id", UINT32, 2],
  ];
  const header = new Writer().text("GGUF").uint32(3).uint64(tensors.length).uint64(metadata.length);
  for (const [key, type, value] of metadata) header.string(key).uint32(type).value(type, value);
  for (const { name, shape, isMatrix, offset: at } of tensors) {
    header.string(name).uint32(shape.length);
    for (const dim of shape.toReversed()) header.uint64(dim);
    header.uint32(isMatrix ? id : 0).uint64(at);
  }
  const file = openSync(path, "w");
  try {
    const head = header.finish();
    writeSync(file, Buffer.concat([head, Buffer.alloc((ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT)]));
    for (const { isMatrix, byteLength } of tensors) {
      const data = Buffer.alloc(Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT);
      if (isMatrix) {
        for (let i = 0; i + 4 <= byteLength; i += 4) data.writeInt32LE(random.integer(-(2 ** 31), 2 ** 31), i);
        for (let i = 0; i < byteLength; i += bytes) data.writeUInt16LE(scale, i);
      } else new Float32Array(data.buffer, data.byteOffset, byteLength / 4).fill(1);
      writeSync(file, data);
    }
  } finally {
    closeSync(file);
  }
}

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}

/** GGUF's little-endian values, one after the other. */
class Writer {
  readonly #parts: Buffer[] = [];

  text(value: string): this {
    this.#parts.push(Buffer.from(value));
    return this;
  }

  uint32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.#parts.push(bytes);
    return this;
  }

  uint64(value: number): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.#parts.push(bytes);
    return this;
  }

  float32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.#parts.push(bytes);
    return this;
  }

  string(value: string): this {
    return this.uint64(Buffer.byteLength(value)).text(value);
  }

  value(type: number, value: unknown): this {
    if (type === STRING) return this.string(value as string);
    if (type === FLOAT32) return this.float32(value as number);
    if (type !== ARRAY) return this.uint32(value as number);
    const [element, items] = value as [number, unknown[]];
    this.uint32(element).uint64(items.length);
    for (const item of items) this.value(element, item);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
