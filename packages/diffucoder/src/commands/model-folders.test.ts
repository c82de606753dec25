// Folders of small coders that are not what they should be, as a person meets them: one error that says what is wrong, or an answer.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";

const checkpointOf = (name: string): string => fileURLToPath(new URL(`../../../model/fixtures/${name}/checkpoint`, import.meta.url));
const root = mkdtempSync(join(tmpdir(), "model-folders-"));
afterAll(() => rmSync(root, { recursive: true }));

let copies = 0;
function copyOf(name: string, config: object = {}): string {
  const dir = join(root, `${name}-${copies++}`);
  cpSync(checkpointOf(name), dir, { recursive: true });
  rewrite(dir, "config.json", (content) => ({ ...content, ...config }));
  return dir;
}

function rewrite(dir: string, file: string, change: (content: Record<string, unknown>) => object): void {
  writeFileSync(join(dir, file), JSON.stringify(change(JSON.parse(readFileSync(join(dir, file), "utf8")) as Record<string, unknown>)));
}

async function generate(dir: string, ...flags: string[]) {
  const [out, error]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), error: (text: string) => void error.push(text), bytes: () => {} };
  const prompt = flags.includes("--prompt") ? [] : ["def add(a, b):"];
  const args = ["generate", "--model", dir, "--max-new-tokens", "6", "--json", ...flags, ...prompt];
  const code = await runCommand(args, { terminal, signal: new AbortController().signal });
  return { code, error, tokenIds: out.length === 0 ? [] : (JSON.parse(out[0]!) as { tokenIds: number[] }).tokenIds };
}

const known = '"Dream", "qwen2", "llama", "qwen3", "a2d-qwen2", "a2d-qwen3", "CoDA", "sdar" or "Fast_dLLM_Qwen"';

describe("diffucoder generate --model DIR", () => {
  it("names a family that is not known, and the code that it needs", async () => {
    const dir = copyOf("sdar", { model_type: "rnd1", architectures: ["RND1LM"], auto_map: { AutoModel: "modeling_rnd1.RND1LM" } });
    expect(await generate(dir)).toEqual({
      code: 1,
      error: [
        `Invalid ${join(dir, "config.json")}:\n  - model_type: only ${known} is supported, got "rnd1", which needs its own code "modeling_rnd1.RND1LM"`,
      ],
      tokenIds: [],
    });
  });

  it("runs no code of a folder's own", async () => {
    const dir = copyOf("stable-diffcoder", {
      architectures: ["OtherForCausalLM"],
      auto_map: { AutoModelForCausalLM: "modeling_other.OtherForCausalLM" },
    });
    expect((await generate(dir)).error).toEqual([
      `Invalid ${join(dir, "config.json")}:\n  - auto_map: needs its own code "modeling_other.OtherForCausalLM", which is not run (trust_remote_code); of "llama", "LlamaForCausalLM" and "StableDiffcoderForCausalLM" are built in`,
    ]);
  });

  it("misses a mask token that no file names", async () => {
    const dir = copyOf("sdar");
    const withoutMask = (content: Record<string, unknown>) => ({ ...content, mask_token: undefined, additional_special_tokens: undefined });
    rewrite(dir, "special_tokens_map.json", withoutMask);
    rewrite(dir, "tokenizer_config.json", (content) => ({ ...withoutMask(content), added_tokens_decoder: undefined }));
    rewrite(dir, "added_tokens.json", () => ({}));
    rewrite(dir, "tokenizer.json", (content) => ({
      ...content,
      added_tokens: (content["added_tokens"] as { content: string }[]).filter(({ content: text }) => !/mask/i.test(text)),
    }));
    expect((await generate(dir)).error).toEqual([
      `Invalid ${join(dir, "config.json")}:\n  - mask_token_id: missing, and the tokenizer's files (tokenizer_config.json, special_tokens_map.json, added_tokens.json) name no mask token`,
    ]);
  });

  it("counts a tokenizer that is longer than the embedding", async () => {
    const dir = copyOf("sdar");
    const rows = (JSON.parse(readFileSync(join(dir, "config.json"), "utf8")) as { vocab_size: number }).vocab_size;
    rewrite(dir, "tokenizer.json", (file) => {
      const added = file["added_tokens"] as object[];
      return { ...file, added_tokens: [...added, { ...added.at(-1), id: rows, content: "<|extra|>" }] };
    });
    expect((await generate(dir)).error).toEqual([`${dir}: the tokenizer has ${rows + 1} tokens, while the model knows ${rows}.`]);
  });

  it("answers where types of floats are mixed, and says so", async () => {
    const dir = copyOf("sdar");
    const { "lm_head.weight": head, ...rest } = readSafetensors(join(dir, "model.safetensors")).arrays;
    rmSync(join(dir, "model.safetensors"));
    writeSafetensors(join(dir, "model-00001-of-00002.safetensors"), rest, { dtype: "BF16" });
    writeSafetensors(join(dir, "model-00002-of-00002.safetensors"), { "lm_head.weight": head! });
    const { code, error, tokenIds } = await generate(dir);
    expect([code, tokenIds.length]).toEqual([0, 6]);
    expect(error).toEqual(["Note: the files mix BF16 and F32: all are computed with as float32."]);
  });

  it("has blocks that divide nothing, or refuses sub-blocks and steps that do not fit", async () => {
    expect(await generate(checkpointOf("sdar"), "--block-length", "5")).toMatchObject({ code: 0, error: [] });
    expect(await generate(copyOf("fast-dllm-v2", { bd_size: 12 }))).toMatchObject({ code: 0, error: [] });
    const errorOf = async (...args: Parameters<typeof generate>) => (await generate(...args)).error;
    expect(await errorOf(checkpointOf("fast-dllm-v2"), "--sub-block-length", "3")).toEqual([
      "Invalid generate settings:\n  - subBlockLength: must divide the 8 columns of a block, got 3",
    ]);
    expect(await errorOf(checkpointOf("a2d-qwen2"), "--alg", "bd3lm", "--block-length", "4", "--steps", "1")).toEqual([
      "Invalid generate settings:\n  - steps: must be at least 2, one for each block of 4 of the 6 tokens, got 1",
    ]);
    const dir = copyOf("sdar", { block_size: 0 });
    expect(await errorOf(dir)).toEqual([`Invalid ${join(dir, "config.json")}:\n  - block_size: must be greater than 0, got 0`]);
  });

  it("has a chat template that writes nothing", async () => {
    const dir = copyOf("sdar");
    writeFileSync(join(dir, "chat_template.jinja"), "{# nothing #}");
    expect((await generate(dir)).error).toEqual([
      'prompt must be what the model\'s chat template writes a token of, got "def add(a, b):". Without the template (chatTemplate: false), `prompt` is continued as plain text.',
    ]);
    expect(await generate(dir, "--no-chat-template")).toMatchObject({ code: 0, error: [] });
  });

  it("takes a prompt of exactly one block", async () => {
    expect(await generate(checkpointOf("fast-dllm-v2"), "--no-chat-template", "--prompt", "abcdefgh")).toMatchObject({ code: 0, error: [] });
  });

  it("speculates where tokens see blocks, and says where it cannot", async () => {
    const greedy = ["--temperature", "0", "--top-p", "1"];
    const fast = await generate(checkpointOf("sdar"), "--alg", "speculative", "--draft-tokens", "2", ...greedy);
    expect(fast).toEqual(await generate(checkpointOf("sdar"), "--alg", "sdar_sequential", ...greedy));
    expect((await generate(checkpointOf("coda"), "--alg", "speculative")).error).toEqual([
      "Invalid generate settings:\n  - alg: speculative needs a model whose tokens see earlier ones only, or their own block and earlier ones; those of this one see all",
    ]);
  });
});
