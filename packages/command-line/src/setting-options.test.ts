import { expect, it } from "vitest";
import { createProgram } from "./run-program.ts";
import { addSettingOptions } from "./setting-options.ts";

it("gives each setting an option in kebab case, described as the schema says", async () => {
  const program = createProgram("tool", { out: () => {}, error: () => {} });
  addSettingOptions(program, { device: { description: "where it runs" }, maxNewTokens: {} });
  expect(program.helpInformation()).toContain("--device <value>          where it runs\n  --max-new-tokens <value>");
  await program.parseAsync(["--device", "cpu", "--max-new-tokens", "8"], { from: "user" });
  expect(program.opts()).toEqual({ device: "cpu", maxNewTokens: "8" });
});
