import { afterAll, describe, expect, it } from "vitest";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const request = { prompt: "Return xs.", alg: "threshold", threshold: 1, blockLength: 4 } as const;

describe("auditCache", () => {
  it("finds nothing with a cache that is refreshed at every pass, and both runs are what generate gives", async () => {
    const { passes, divergence, exact, cached } = await coder.auditCache({ ...request, cache: { kind: "dual", refreshSteps: 1 } });
    const alone = await coder.generate(request);
    expect([exact.text, cached.text, divergence]).toEqual([alone.text, alone.text, undefined]);
    expect(passes.map(({ otherTokens }) => otherTokens)).toEqual(passes.map(() => 0));
    expect(passes).toHaveLength(alone.forwardPasses);
    expect(exact.forwardPasses).toBe(alone.forwardPasses);
  });

  it("says how far a cache drifts, what it spares, and what it writes on its own", async () => {
    const cache = { kind: "dual" } as const;
    const { passes, exact, cached } = await coder.auditCache({ ...request, cache });
    expect(passes[0]!.confidence.max).toBeLessThan(1e-5);
    expect(Math.max(...passes.map(({ confidence }) => confidence.max))).toBeGreaterThan(1e-5);
    expect(cached.text).toBe((await coder.generate({ ...request, cache })).text);
    expect(cached.forwardTokens).toBeLessThan(exact.forwardTokens);
  });

  it("wants a cache", async () => {
    await expect(coder.auditCache(request)).rejects.toThrow(
      'Invalid audit options:\n  - cache: must be given to be audited, e.g. { "kind": "dual" }',
    );
  });
});
