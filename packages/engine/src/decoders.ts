// Every decoder of `@diffucoder/samplers` that a name can choose, and the options that it reads.
import { parseConfig } from "@diffucoder/core";
import {
  type Alg,
  autoregressiveDecoder,
  type Decoder,
  dreamDecoder,
  editingDecoder,
  lladaDecoder,
  type LladaOptions,
  parallelDecoder,
  type ParallelOptions,
  remaskingDecoder,
  type RemaskingOptions,
  SamplerOptionsSchema,
} from "@diffucoder/samplers";

interface NamedDecoder {
  /** The options that it reads, by their names in `DecodingOptionsSchema`. */
  readonly options: readonly string[];
  /** Whether it can take back what it has committed: the text is certain only at the end. */
  readonly takesBack: boolean;
  /** @param options those that it reads and that are given */
  make(options: Readonly<Record<string, unknown>>): Decoder;
}

const draw = ["temperature", "topP", "topK"];

/** Dream's four (`diffusion_generate`). */
function dream(alg: Alg): NamedDecoder {
  const algTemp = alg === "origin" ? [] : ["algTemp"];
  const options = ["steps", ...draw, ...algTemp, "schedule", "eps"];
  return {
    options,
    takesBack: false,
    make: (given) => dreamDecoder(parseConfig(SamplerOptionsSchema, { ...given, alg, maxNewTokens: 1 }, { source: alg })),
  };
}

/** LLaDA's blocks. */
function llada(remasking: NonNullable<LladaOptions["remasking"]>): NamedDecoder {
  const options = ["steps", "blockLength", "temperature", "cfgScale"];
  return { options, takesBack: false, make: (given) => lladaDecoder({ ...given, remasking }) };
}

/** As many tokens as can be decided together (Fast-dLLM and others). */
function parallel(rule: ParallelOptions["rule"], ...own: string[]): NamedDecoder {
  return { options: [...own, "blockLength", ...draw], takesBack: false, make: (given) => parallelDecoder({ ...given, rule }) };
}

/** ReMDM. */
function remdm(remasking: NonNullable<RemaskingOptions["remasking"]>): NamedDecoder {
  const options = ["steps", ...(remasking === "conf" ? [] : ["eta"]), ...draw];
  return { options, takesBack: true, make: (given) => remaskingDecoder({ ...given, remasking } as RemaskingOptions) };
}

export const DECODERS = {
  origin: dream("origin"),
  maskgit_plus: dream("maskgit_plus"),
  topk_margin: dream("topk_margin"),
  entropy: dream("entropy"),
  low_confidence: llada("low_confidence"),
  random: llada("random"),
  threshold: parallel("threshold", "threshold"),
  factor: parallel("factor", "factor"),
  entropy_bound: parallel("entropy_bound", "entropyBound"),
  hierarchy: parallel("hierarchy", "threshold", "lowThreshold"),
  remdm_cap: remdm("cap"),
  remdm_rescale: remdm("rescale"),
  remdm_conf: remdm("conf"),
  editing: {
    options: ["threshold", "editThreshold", "maxPostEdits", "blockLength"],
    takesBack: true,
    make: (given) => editingDecoder(given),
  },
  autoregressive: { options: draw, takesBack: false, make: (given) => autoregressiveDecoder(given) },
} as const satisfies Record<string, NamedDecoder>;

export type DecoderName = keyof typeof DECODERS;

export const DECODER_NAMES = Object.keys(DECODERS) as [DecoderName, ...DecoderName[]];

export function isDecoderName(name: unknown): name is DecoderName {
  return typeof name === "string" && Object.hasOwn(DECODERS, name);
}

/** A decoder by its name. */
export function namedDecoder(name: DecoderName): NamedDecoder {
  return DECODERS[name];
}
