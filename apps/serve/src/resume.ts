// A stream that broke goes on elsewhere: an answer is a function of the weights, the request and its seed, so another replica of the same build makes
// it again and leaves out what was sent. Each message has an id, the server's fingerprint and the number of events of each choice so far
// ("fp_0123456789ab/3.5"); a client that lost its connection sends the last one back in `Last-Event-ID`, with the same request and the seed of the
// first answer.
import { show } from "@diffucoder/core";
import { ApiError } from "./api-error.ts";

/** Counts the events of a stream's choices, and knows which were sent before. */
export class ResumePoint {
  readonly #counts: number[] = [];
  readonly #sent: readonly number[];

  readonly #fingerprint: string;

  /**
   * @param fingerprint of the server
   * @param sent events of each choice that the client has
   */
  constructor(fingerprint: string, sent: readonly number[] = []) {
    this.#fingerprint = fingerprint;
    this.#sent = sent;
  }

  /** @returns the id of the message for a choice's next event; `undefined` if the client has it */
  idOf(index: number): string | undefined {
    const count = (this.#counts[index] = (this.#counts[index] ?? 0) + 1);
    if (count <= (this.#sent[index] ?? 0)) return undefined;
    return this.id;
  }

  /** Of what was counted so far, and what the client has. */
  get id(): string {
    const length = Math.max(this.#counts.length, this.#sent.length);
    const counts = Array.from({ length }, (_, i) => Math.max(this.#counts[i] ?? 0, this.#sent[i] ?? 0));
    return `${this.#fingerprint}/${counts.join(".")}`;
  }
}

/** Stands in ids while the server's own is not known; no server goes on with such a stream. */
const UNKNOWN = "fp_unknown";

/**
 * @param fingerprint of the server, null while it is not known
 * @throws {ApiError} if the header is not an id of ours, or this server or the request would not give the same answer, or it cannot tell yet
 */
export function resumePoint(
  lastEventId: string | undefined,
  { seed, fingerprint }: { seed: number | undefined; fingerprint: string | null },
): ResumePoint {
  if (lastEventId === undefined) return new ResumePoint(fingerprint ?? UNKNOWN);
  const [given, counts = ""] = lastEventId.split("/");
  if (!/^\d{1,9}(\.\d{1,9}){0,511}$/.test(counts)) {
    throw new ApiError({
      status: 400,
      message: `Last-Event-ID must be the id of a message of ours, got ${show(lastEventId)}.`,
      code: "invalid_value",
    });
  }
  if (fingerprint === null) {
    const message = "The server's weights are still being hashed, so it cannot tell whether it would give the same answer. Try again in a moment.";
    throw new ApiError({ status: 503, message, type: "server_error", code: "identity_unknown", retryAfterSeconds: 5 });
  }
  if (given !== fingerprint) {
    const message = `The stream that broke was of ${show(given)}, and this server is ${fingerprint}: it would not give the same answer.`;
    throw new ApiError({ status: 400, message, code: "other_build" });
  }
  if (seed === undefined) {
    const message = "seed must be that of the stream that broke: without it this would be another answer.";
    throw new ApiError({ status: 400, message, param: "seed", code: "invalid_value" });
  }
  return new ResumePoint(fingerprint, counts.split(".").map(Number));
}
