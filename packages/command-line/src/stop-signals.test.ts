import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { type StopSignal, StoppedBySignal, stopSignals } from "./stop-signals.ts";

function fakeProcess(): { send: (name: StopSignal) => void; exits: number[]; signal: AbortSignal } {
  const events = new EventEmitter();
  const exits: number[] = [];
  const signal = stopSignals({ on: (name, listener) => events.on(name, listener), exit: (code) => void exits.push(code) });
  return { send: (name) => void events.emit(name, name), exits, signal };
}

it.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("fires at the first %s, with exit code %i", (name, exitCode) => {
  const { send, exits, signal } = fakeProcess();
  expect(signal.aborted).toBe(false);
  send(name);
  expect(signal.reason).toBeInstanceOf(StoppedBySignal);
  expect(signal.reason).toMatchObject({ exitCode, code: "ABORTED", message: "The command was stopped." });
  expect(exits).toEqual([]);
});

it("ends the process at the second one, whichever that is", () => {
  const { send, exits, signal } = fakeProcess();
  send("SIGINT");
  send("SIGTERM");
  expect(exits).toEqual([143]);
  expect(signal.reason).toMatchObject({ exitCode: 130 });
});
