// What a run is given by its caller, checked before anything is made of it.
import { InvalidArgumentError } from "@diffucoder/core";
import type { RunOptions } from "./decode.ts";

/**
 * Checks that the parts of a run are what they should be.
 *
 * @throws {InvalidArgumentError} naming the first that is not
 */
export function checkRun({ denoiser, decoder, random, tokensHook, stop }: RunOptions): void {
  const refuse = (argument: string, value: unknown, expected: string, wayOut?: string): never => {
    throw new InvalidArgumentError({ argument, value, expected, ...(wayOut !== undefined && { wayOut }) });
  };
  if (typeof denoiser?.propose !== "function") refuse("denoiser", denoiser, "a Denoiser, { maskTokenId, propose }");
  if (typeof decoder?.start !== "function" || typeof decoder.maxSteps !== "function" || typeof decoder.draw !== "object")
    refuse("decoder", decoder, "a Decoder, as dreamDecoder makes one");
  const streams: readonly unknown[] = Array.isArray(random) ? random : random === undefined ? [] : [random];
  for (const stream of streams)
    if (typeof (stream as RandomLike)?.split !== "function")
      refuse("random", random, "a stream or one for each row", "Pass createRandom(seed) of @diffucoder/core.");
  if (tokensHook !== undefined && typeof tokensHook !== "function") refuse("tokensHook", tokensHook, "a function");
  if (stop !== undefined && (!Array.isArray(stop?.strings) || typeof stop.tokenText !== "function" || !stop.strings.every(isText)))
    refuse("stop", stop, "{ strings, tokenText }, texts that are not empty and a function");
}

type RandomLike = { split?: unknown } | null | undefined;

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
