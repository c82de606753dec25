// What a run or a row is given by its caller, checked before anything is made of it.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenId, checkTokenIds } from "@diffucoder/diffusion";
import type { Canvas } from "./canvas.ts";
import type { RunOptions } from "./decode.ts";
import type { Denoiser } from "./denoiser.ts";

function refuse(argument: string, value: unknown, expected: string, wayOut?: string): never {
  throw new InvalidArgumentError({ argument, value, expected, ...(wayOut !== undefined && { wayOut }) });
}

/**
 * Checks that the parts of a run are what they should be.
 *
 * @throws {InvalidArgumentError} naming the first that is not
 */
export function checkRun({ denoiser, ...row }: Omit<RunOptions, "padTokenId">): void {
  checkDenoiser(denoiser);
  checkRow(row);
}

export function checkDenoiser(denoiser: Denoiser): void {
  if (typeof denoiser?.propose !== "function") refuse("denoiser", denoiser, "a Denoiser, { maskTokenId, propose }");
}

/** Checks what a row is decoded with. @throws {InvalidArgumentError} naming the first that is not what it should be */
export function checkRow({ decoder, random, tokensHook, stop }: Pick<RunOptions, "decoder" | "random" | "stop"> & { tokensHook?: unknown }): void {
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

/** @throws {InvalidArgumentError} naming the special token that is not of the vocabulary */
export function checkIds({
  denoiser: { maskTokenId, vocabSize },
  padTokenId,
  eosTokenIds = [],
}: Pick<RunOptions, "denoiser" | "padTokenId" | "eosTokenIds">): void {
  checkTokenId("denoiser.maskTokenId", maskTokenId, vocabSize);
  checkTokenId("padTokenId", padTokenId, vocabSize);
  checkTokenIds("eosTokenIds", eosTokenIds, vocabSize);
}

/** @throws {InvalidArgumentError} if a token is not of the vocabulary, or there are more than the model takes or there is room for */
export function checkCanvas(
  { ids, start }: Canvas,
  { denoiser, idsName, lengthName }: { denoiser: Denoiser; idsName: string; lengthName: string },
): void {
  const { vocabSize, maxLength = Infinity } = denoiser;
  checkTokenIds(idsName, ids, vocabSize);
  if (denoiser.rowsOfLength?.(ids.length, 1) === 0)
    refuse(
      lengthName,
      `${ids.length} tokens with its completion`,
      "short enough for its keys and values to fit into maxCacheBytes",
      "Shorten the prompt, ask for fewer new tokens, or raise maxCacheBytes.",
    );
  if (ids.length - start <= maxLength) return;
  refuse(
    lengthName,
    `${ids.length - start} tokens with its completion`,
    `at most ${maxLength} tokens long, prompt and completion together`,
    "That is what the model was made for: shorten the prompt or ask for fewer new tokens.",
  );
}

type RandomLike = { split?: unknown } | null | undefined;

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
