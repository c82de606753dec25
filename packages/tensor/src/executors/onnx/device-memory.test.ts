import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { DeviceMemory } from "./device-memory.ts";

const MIB = 2 ** 20;

/** Takes memory for arrays that nobody keeps. @returns how many of them the garbage collector found */
async function forget(usage: DeviceMemory, { arrays, bytes }: { arrays: number; bytes: number }): Promise<number> {
  const found: number[] = [];
  const forgotten = new FinalizationRegistry((which: number) => {
    found.push(which);
    usage.giveBack(bytes);
  });
  for (let i = 0; i < arrays; i++) {
    forgotten.register({}, i);
    usage.take(bytes);
  }
  usage.collectGarbage();
  for (let i = 0; i < 50 && found.length < arrays; i++) await setTimeout(1); // finalizers have a task of their own
  return found.length;
}

it("calls the garbage collector when arrays hold much, again and again", async () => {
  const usage = new DeviceMemory();
  for (let round = 0; round < 3; round++) expect(await forget(usage, { arrays: 300, bytes: MIB })).toBeGreaterThan(290);
});

it("leaves little alone, and memory that was there after the last collection", async () => {
  const usage = new DeviceMemory();
  expect(await forget(usage, { arrays: 100, bytes: MIB })).toBe(0);
  const weights = new DeviceMemory();
  weights.take(1000 * MIB);
  weights.collectGarbage();
  expect(await forget(weights, { arrays: 100, bytes: MIB })).toBe(0);
});
