import { createRandom } from "@diffucoder/core";
import { createSandbox, testProgram } from "@diffucoder/reward-sandbox";
import { expect, it } from "vitest";
import { hasPython, pythonNote } from "../../shared-data.fixture.ts";
import { families } from "./families.ts";
import { STYLES } from "./family.ts";
import { someProgram } from "./some-program.fixture.ts";
import { testsOf } from "./tests-of.ts";
import { textOf } from "./text.ts";

/** Programs of each family, written in each style. */
const PROGRAMS = 2;

it.runIf(hasPython)(
  `solutions of every family and style pass their tests in Python${pythonNote}`,
  async () => {
    const sandbox = await createSandbox({ workers: 1 });
    try {
      for (const family of families) {
        const random = createRandom(11).split(family.name);
        for (let i = 0; i < PROGRAMS; i++) {
          const choices = someProgram(family, random);
          const { visible, hidden } = testsOf(family, choices, { visible: 12, hidden: 12, random: random.split("tests", i) });
          for (const style of STYLES) {
            const { solution } = textOf(family, choices, { random: random.split(style, i), phrasing: "usual", styles: [style] });
            const { verdicts } = await testProgram({
              sandbox,
              code: solution,
              tests: { language: "python", entryPoint: "f", tests: [...visible, ...hidden] },
            });
            const failed = verdicts.flatMap(({ verdict, got }, test) =>
              verdict === "pass" ? [] : [{ verdict, got, test: [...visible, ...hidden][test] }],
            );
            expect(failed, solution).toEqual([]);
          }
        }
      }
    } finally {
      sandbox.close();
    }
  },
  300_000,
); // on a busy machine
