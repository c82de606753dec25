// `diffucoder generate --model DIR` on the checkpoint of each golden folder, without another option. Those of Dream have no tokenizer, and are not asked.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runCommand } from "../command.ts";

const golden = fileURLToPath(new URL("../../../../../shared/golden", import.meta.url));
const folders = existsSync(golden) ? readdirSync(golden).filter((name) => existsSync(join(golden, name, "checkpoint/tokenizer_config.json"))) : [];
const note = folders.length > 0 ? "" : ` (SKIPPED: there is no ${golden})`;

it.runIf(folders.length > 0).each(folders.length > 0 ? folders : ["none"])(`generate answers from the golden folder %s${note}`, async (name) => {
  const answers: { text: string; tokenIds: number[]; forwardPasses: number }[] = [];
  const errors: string[] = [];
  const terminal = { out: (text: string) => void answers.push(JSON.parse(text)), error: (text: string) => void errors.push(text) };
  const args = ["generate", "def add(a, b):", "--model", join(golden, name, "checkpoint"), "--json"];
  expect([await runCommand(args, { terminal, signal: new AbortController().signal }), errors.filter((line) => !line.startsWith("Note: "))]).toEqual([
    0,
    [],
  ]);
  expect(answers).toHaveLength(1);
  expect(answers[0]!.tokenIds.length).toBeGreaterThan(0);
  expect(answers[0]!.forwardPasses).toBeGreaterThan(0);
});
