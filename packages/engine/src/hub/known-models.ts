// Published models that load here, as `diffucoder models` and docs/small-coders.md list them. Facts are as their cards and repositories say
// them; what nobody has seen is absent. How each is decoded is its family's default (folder/family-defaults.ts).
import { familyDefaults } from "../folder/family-defaults.ts";
import type { GenerationConfig } from "../folder/generation-config.ts";

/** A published pass@1. */
export interface PublishedScore {
  /** Name of the benchmark in `diffucoder eval`. */
  dataset: "humaneval" | "mbpp";
  /** pass@1 in percent. */
  percent: number;
  /** Who says it. */
  source: string;
}

/** A published model. */
export interface KnownModel {
  /** Its repository on the hub. */
  name: string;
  /** Weights in billions, as its name says them. */
  billions: number;
  /** Its family, as `readModelConfig` names it. */
  family: string;
  /** Text of its mask token. @default absent for a model from left to right */
  maskToken?: string;
  /** Tokens of a block that see each other. @default absent: all do, or its decoder says */
  blockLength?: number;
  /** Tokens of a block that are decoded before the next ones of it. @default absent: all */
  subBlockLength?: number;
  /** Licence, and where it was read. */
  licence: string;
  /** What is published of it. @default absent: nothing was seen */
  scores?: readonly PublishedScore[];
  /** Settings of `diffucoder eval` that the scores were measured with. @default absent: they are not known */
  evaluation?: Readonly<Record<string, number | string>>;
  /** What is special about it. @default nothing */
  note?: string;
  /** On what its network, decoder and tokenizer were checked here. */
  checkedOn: "random weights" | "its own weights";
}

const RANDOM = { checkedOn: "random weights" } as const;
const scored = (humaneval: number, mbpp: number, source: string): PublishedScore[] => [
  { dataset: "humaneval", percent: humaneval, source },
  { dataset: "mbpp", percent: mbpp, source },
];
const DLLM = { temperature: 0, maxNewTokens: 256, steps: 256 } as const;
const A2D_QWEN2 = { ...RANDOM, family: "a2d-qwen2", maskToken: "<|mask|>", billions: 0.5 };
const A2D_QWEN3 = { ...RANDOM, family: "a2d-qwen3", maskToken: "<|mask|>" };
const CODA = { ...RANDOM, family: "CoDA", maskToken: "<|mask|>", billions: 1.7, licence: "CC BY-NC 4.0 (repository)" };
const SDAR = { ...RANDOM, family: "sdar", maskToken: "<|MASK|>", blockLength: 4, licence: "MIT (repository)" };
const FAST_DLLM = {
  ...RANDOM,
  family: "Fast_dLLM_Qwen",
  maskToken: "|<MASK>|",
  blockLength: 32,
  subBlockLength: 8,
  licence: "Apache-2.0 (second-hand)",
};
const STABLE = { ...RANDOM, family: "stable-diffcoder", maskToken: "<[MASK_TOKEN]>", blockLength: 4, billions: 8, licence: "MIT (file header)" };
const DREAM = { ...RANDOM, family: "Dream", maskToken: "<|mask|>", billions: 7, licence: "see its card" };

/** Published models that load here, the small ones first within a family. */
export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    ...A2D_QWEN2,
    name: "dllm-hub/Qwen2.5-Coder-0.5B-Instruct-diffusion-mdlm-v0.1",
    licence: "Apache-2.0 (repository)",
    scores: scored(28.1, 23, "card"),
    evaluation: { ...DLLM, blockLength: 256 },
  },
  {
    ...A2D_QWEN2,
    name: "dllm-hub/Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1",
    licence: "Apache-2.0 (card)",
    scores: [...scored(41.5, 33.6, "card"), ...scored(39, 33.2, "dllm's README")],
    evaluation: { ...DLLM, blockLength: 32 },
  },
  { ...A2D_QWEN3, name: "dllm-hub/Qwen3-0.6B-diffusion-mdlm-v0.1", billions: 0.6, licence: "not known" },
  { ...A2D_QWEN3, name: "dllm-hub/Qwen3-0.6B-diffusion-bd3lm-v0.1", billions: 0.6, licence: "not known" },
  {
    ...A2D_QWEN3,
    name: "divelab/Qwen3-4B-a2d-init",
    billions: 4,
    maskToken: "<|MASK|>",
    licence: "Apache-2.0 (card)",
    note: "a beginning for training, not a coder",
  },
  { ...CODA, name: "Salesforce/CoDA-v0-Instruct" },
  { ...CODA, name: "Salesforce/CoDA-v0-Base" },
  { ...SDAR, name: "JetLM/SDAR-1.7B-Chat", billions: 1.7 },
  { ...SDAR, name: "JetLM/SDAR-4B-Chat", billions: 4 },
  { ...SDAR, name: "JetLM/SDAR-8B-Chat", billions: 8 },
  { ...FAST_DLLM, name: "Efficient-Large-Model/Fast_dLLM_v2_1.5B", billions: 1.5 },
  { ...FAST_DLLM, name: "Efficient-Large-Model/Fast_dLLM_v2_7B", billions: 7 },
  {
    ...RANDOM,
    name: "fredzzp/open-dcoder-0.5B",
    family: "open-dcoder",
    maskToken: "[MASK]",
    billions: 0.5,
    licence: "Apache-2.0 (repository)",
    scores: scored(20.8, 35.2, "another's card"),
  },
  { ...STABLE, name: "ByteDance-Seed/Stable-DiffCoder-8B-Instruct" },
  { ...STABLE, name: "ByteDance-Seed/Stable-DiffCoder-8B-Base" },
  { ...DREAM, name: "apple/DiffuCoder-7B-Base", scores: scored(67.1, 74.2, "paper") },
  { ...DREAM, name: "apple/DiffuCoder-7B-Instruct", scores: scored(72, 75.1, "paper") },
  { ...DREAM, name: "apple/DiffuCoder-7B-cpGRPO", scores: scored(73.2, 78.6, "paper") },
  {
    ...RANDOM,
    name: "Qwen/Qwen2.5-Coder-0.5B-Instruct",
    family: "qwen2",
    billions: 0.5,
    licence: "see its card",
    scores: scored(28, 52.9, "dllm's card"),
    note: "from left to right, for comparison",
  },
];

/** The model of a repository, `owner/name` or `owner/name@revision`. */
export function knownModel(repo: string): KnownModel | undefined {
  const [name] = repo.split("@");
  return KNOWN_MODELS.find((known) => known.name === name);
}

/** How a model is decoded by default, in words: `"bd3lm, 256 tokens in 256 steps, blocks of 32, greedy"`. */
export function decodingText({ name, family, maskToken, blockLength: ofModel, subBlockLength }: KnownModel): string {
  if (maskToken === undefined) return "autoregressive, greedy";
  const {
    alg,
    maxNewTokens,
    steps,
    blockLength = ofModel,
    ...rest
  } = familyDefaults(family, name).settings as Partial<GenerationConfig & { blockLength: number; threshold: number }>;
  if (alg === undefined) return "as its generation_config.json says";
  const parts = [
    alg,
    `${maxNewTokens} tokens${steps === undefined ? "" : ` in ${steps} steps`}`,
    ...(blockLength === undefined ? [] : [`blocks of ${blockLength}`]),
    ...(subBlockLength === undefined ? [] : [`sub-blocks of ${subBlockLength}`]),
    rest.temperature === 0 ? "greedy" : `temperature ${rest.temperature}`,
    ...(rest.threshold === undefined ? [] : [`threshold ${rest.threshold}`]),
    ...(rest.topK === undefined ? [] : [`top-k ${rest.topK}`]),
  ];
  return parts.join(", ");
}

/** What is published of a model, in words: `"41.5 / 33.6 (card)"`, HumanEval first. */
export function scoresText({ scores = [] }: KnownModel): string {
  const sources = [...new Set(scores.map(({ source }) => source))];
  const of = (source: string): string =>
    scores
      .filter((score) => score.source === source)
      .map(({ percent }) => percent.toFixed(1))
      .join(" / ");
  return sources.length === 0 ? "not known" : sources.map((source) => `${of(source)} (${source})`).join("; ");
}
