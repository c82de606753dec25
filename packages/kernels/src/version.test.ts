import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { KERNELS_VERSION } from "./version.ts";

it("the version is the same in C", () => {
  const source = readFileSync(fileURLToPath(new URL("../c/register.c", import.meta.url)), "utf8");
  expect(source.match(/VERSION = (\d+)/)?.[1]).toBe(String(KERNELS_VERSION));
});
