// What an answer depends on besides the request: two servers of the same identity give the same text for the same request and seed.
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type DiffuCoder, machineCard } from "diffucoder";

export interface Identity {
  /** SHA-256 of the weights as they are computed with, quantized or not, and of the generation config: its first 64 bits. */
  model_hash: string;
  /** Version and platform. */
  build: string;
  /** Instruction sets by which sums are rounded. */
  processor: string;
  /** All of it in one name, OpenAI's `system_fingerprint`. */
  fingerprint: string;
}

/** Bytes that are hashed before others have a turn. */
const SLICE = 1 << 24;

export async function identityOf({ parameters, generationConfig }: Pick<DiffuCoder, "parameters" | "generationConfig">): Promise<Identity> {
  const hash = createHash("sha256").update(JSON.stringify(generationConfig));
  for (const [name, { data }] of Object.entries(parameters)) {
    hash.update(name);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; at += SLICE) {
      hash.update(bytes.subarray(at, at + SLICE));
      await nextTurn();
    }
  }
  const model_hash = hash.digest("hex").slice(0, 16);
  const { build, processor } = machineCard();
  const fingerprint = `fp_${createHash("sha256")
    .update(JSON.stringify([model_hash, build, processor]))
    .digest("hex")
    .slice(0, 12)}`;
  return { model_hash, build, processor, fingerprint };
}
