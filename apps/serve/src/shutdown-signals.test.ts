import { EventEmitter } from "node:events";
import type { StopSignal } from "@diffucoder/command-line";
import { expect, it } from "vitest";
import { shutdownSignals } from "./shutdown-signals.ts";

it("drains at the first signal, cuts at the second and exits at the third; what npm repeats is one", () => {
  const events = new EventEmitter();
  const exits: number[] = [];
  let now = 0;
  const source = {
    on: (name: StopSignal, listener: (name: StopSignal) => void) => events.on(name, listener),
    exit: (code: number) => void exits.push(code),
  };
  const { stop, cut } = shutdownSignals(source, () => now);
  const send = (name: StopSignal, at: number): unknown[] => {
    now = at;
    events.emit(name, name);
    return [stop.aborted, cut.aborted, exits];
  };
  expect(send("SIGINT", 0)).toEqual([true, false, []]);
  expect(send("SIGTERM", 499)).toEqual([true, false, []]);
  expect(send("SIGTERM", 1000)).toEqual([true, true, []]);
  expect(send("SIGTERM", 2000)).toEqual([true, true, [143]]);
  expect([stop.reason, cut.reason]).toMatchObject([{ exitCode: 130 }, { exitCode: 143 }]);
});
