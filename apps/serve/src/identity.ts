// What an answer depends on besides the request: two servers of the same identity give the same text for the same request and seed.
import { createHash, webcrypto } from "node:crypto";
import { type DiffuCoder, machineCard } from "diffucoder";

export interface Identity {
  /** SHA-256 of the weights as they are computed with, quantized or not, and of the generation config: its first 64 bits. Null until it is known. */
  model_hash: string | null;
  /** Version and platform. */
  build: string;
  /** Instruction sets by which sums are rounded. */
  processor: string;
  /** All of it in one name, OpenAI's `system_fingerprint`. Null until it is known. */
  fingerprint: string | null;
}

/** An identity whose hash, of many gigabytes, is being computed. */
export interface Identification {
  /** What is known by now. */
  known(): Identity;
  /** Resolves once all of it is known. */
  done: Promise<void>;
}

/** What is hashed of a model. */
interface Hashed extends Pick<DiffuCoder, "generationConfig"> {
  parameters: Readonly<Record<string, { data: ArrayBufferView }>>;
}

/** Bytes of one digest: what is copied at a time. */
const SLICE = 1 << 22;

/** Begins to hash a model. Digests are computed on a thread, so requests are answered meanwhile. */
export function identify(model: Hashed): Identification {
  const { build, processor } = machineCard();
  let identity: Identity = { model_hash: null, build, processor, fingerprint: null };
  const hash = async (): Promise<void> => {
    const model_hash = await modelHash(model);
    const all = createHash("sha256").update(JSON.stringify([model_hash, build, processor]));
    identity = { ...identity, model_hash, fingerprint: `fp_${all.digest("hex").slice(0, 12)}` };
  };
  return { known: () => identity, done: hash() };
}

/** Of the digests of the weights' slices, each tensor's behind its name. */
async function modelHash({ parameters, generationConfig }: Hashed): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(generationConfig));
  for (const [name, { data }] of Object.entries(parameters)) {
    hash.update(name);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; at += SLICE) {
      const slice = Uint8Array.from(bytes.subarray(at, at + SLICE)); // a copy, since memory that threads share is not taken
      hash.update(new Uint8Array(await webcrypto.subtle.digest("SHA-256", slice)));
    }
  }
  return hash.digest("hex").slice(0, 16);
}
