import { setTimeout } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { listenForAbort } from "./abort-listener.ts";

describe("listenForAbort", () => {
  it("calls when the signal fires, once, and not after the listening has ended", () => {
    const [listening, ended] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const controller = new AbortController();
    listenForAbort(controller.signal, listening);
    listenForAbort(controller.signal, ended)();
    controller.abort();
    expect(listening).toHaveBeenCalledTimes(1);
    expect(ended).not.toHaveBeenCalled();
  });

  it("does nothing without a signal", () => {
    expect(() => listenForAbort(undefined, () => {})()).not.toThrow();
  });

  it("lets many listen to one signal without a warning", async () => {
    const onWarning = vi.fn<() => void>();
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    for (let i = 0; i < 64; i++) listenForAbort(signal, () => {});
    await setTimeout(1); // warnings come in a later turn
    process.off("warning", onWarning);
    expect(onWarning).not.toHaveBeenCalled();
  });
});
