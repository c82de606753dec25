// The small diffusion coders, held to all that their golden directories hold.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkDirectory } from "./check-directory.ts";

const roots = {
  fixtures: fileURLToPath(new URL("../../packages/model/fixtures", import.meta.url)),
  "../shared/golden": fileURLToPath(new URL("../../../shared/golden", import.meta.url)),
};

for (const [name, root] of Object.entries(roots)) {
  describe.skipIf(!existsSync(root))(`${name}${existsSync(root) ? "" : ` (SKIPPED: ${name} is not there)`}`, () => {
    const families = (existsSync(root) ? readdirSync(root) : []).filter(
      (one) => !one.startsWith("dream") && existsSync(join(root, one, "generate.json")),
    );

    it("holds seven families", () => expect(families).toHaveLength(7));

    it.each(families)("%s decodes and computes as its reference does", async (family) => {
      for (const { file, status, detail } of await checkDirectory(join(root, family))) expect(`${file}: ${status}`, detail).toBe(`${file}: ok`);
    });
  });
}
