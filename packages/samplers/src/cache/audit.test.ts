import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { parallelDecoder } from "../decoders/parallel.ts";
import type { Denoiser } from "../denoiser.ts";
import { fakeDenoiser } from "../fake-denoiser.fixture.ts";
import { auditCache } from "./audit.ts";

const [PROMPT, NEW] = [[5, 6], 4];
/** Proposes column + 10, surest on the left; from the given number of requests on, something else in column 4. */
function denoiser(wrongFrom = Infinity): Denoiser & { opened: number; closed: number } {
  const self = {
    opened: 0,
    closed: 0,
    maskTokenId: 99,
    propose: fakeDenoiser(() => ({ token: 0, confidence: 0 })).propose,
    openSession: () => {
      self.opened++;
      let requests = 0;
      const fake = fakeDenoiser((_, column) => {
        const isWrong = column === 4 && requests > wrongFrom;
        return { token: isWrong ? 7 : column + 10, confidence: 0.5 - column / 100 - (isWrong ? 0.25 : 0) };
      });
      return {
        propose: (request: Parameters<Denoiser["propose"]>[0]) => {
          requests++;
          return fake.propose(request);
        },
        close: () => void self.closed++,
      };
    },
  };
  return self;
}
const audit = (exact: Denoiser, cached: Denoiser) =>
  auditCache({
    exact,
    cached,
    decoder: parallelDecoder({ rule: "threshold", threshold: 1 }),
    promptIds: [PROMPT],
    maxNewTokens: NEW,
    random: createRandom(0),
    padTokenId: 0,
  });

describe("auditCache", () => {
  it("finds nothing where both propose the same", async () => {
    const { passes, divergence, firstDivergentStep } = await audit(denoiser(), denoiser());
    expect(passes.map(({ positions, otherTokens }) => [positions, otherTokens])).toEqual([
      [4, 0],
      [3, 0],
      [2, 0],
      [1, 0],
    ]);
    expect(divergence).toEqual([undefined]);
    expect(firstDivergentStep).toBeUndefined();
  });

  it("tells the drift on the exact run's rows, and the first step that commits something else", async () => {
    const [exact, cached] = [denoiser(), denoiser(1)];
    const { passes, divergence, firstDivergentStep } = await audit(exact, cached);
    // Columns 2 to 5 are masked. From the second request on, column 4 gets another token and 0.25 less confidence.
    expect(passes.map(({ otherTokens }) => otherTokens)).toEqual([0, 1 / 3, 1 / 2, 0]);
    expect(passes.map(({ confidence }) => confidence.max)).toBeAllclose([0, 0.25, 0.25, 0]);
    expect(passes[1]!.confidence.mean).toBeCloseTo(0.25 / 3);
    // On its own, the cached run is unsure of column 4 and takes column 5 first: step 2.
    expect(firstDivergentStep).toBe(2);
    expect(divergence[0]!.columns).toEqual([4, 5]);
    expect([exact.opened, exact.closed, cached.opened, cached.closed]).toEqual([1, 1, 2, 2]);
  });
});
