// What createSandbox says on machines that lack something.
import { UnavailableError } from "@diffucoder/core";
import { afterEach, expect, it, vi } from "vitest";
import { createSandbox } from "./sandbox.ts";

const machine = vi.hoisted((): { python?: string | undefined; bubblewrap?: string | undefined } => ({}));

/** Programs in JavaScript stand for Python and bubblewrap. */
vi.mock(import("./local/launch.ts"), async (original) => ({
  ...(await original()),
  findPython: () => machine.python,
  findBubblewrap: () => machine.bubblewrap,
  launchOf: (level, { python, bubblewrap }) => ({
    command: process.execPath,
    args: ["-e", level === "bubblewrap" ? (bubblewrap as string) : python],
  }),
}));

const says = (filtered: boolean): string => `console.log(JSON.stringify({ id: "", filtered: ${filtered} })); process.stdin.resume()`;
const works = says(true);
const fails = 'console.error("bwrap: No permissions to create a new namespace"); process.exit(1)';

afterEach(() => {
  machine.python = undefined;
  machine.bubblewrap = undefined;
});

it("names Python and how to install it", async () => {
  await expect(createSandbox()).rejects.toThrow(UnavailableError);
  await expect(createSandbox()).rejects.toThrow(
    'The sandbox is not available: no python3 was found. Install what is missing, on Debian with: apt-get install bubblewrap python3. Isolation "none" runs programs without any.',
  );
});

it("takes the weaker isolation where bubblewrap is missing or does not start, and says so", async () => {
  Object.assign(machine, { python: works });
  expect((await createSandbox()).isolation.level).toBe("process");
  Object.assign(machine, { bubblewrap: fails });
  const { level, description } = (await createSandbox()).isolation;
  expect(level).toBe("process");
  expect(description).toContain("weaker");
});

it("runs programs without isolation only if that is asked for, and says so", async () => {
  Object.assign(machine, { python: says(false) });
  await expect(createSandbox()).rejects.toThrow("The sandbox is not available: this system does not filter system calls.");
  expect((await createSandbox({ isolation: "none" })).isolation).toEqual({
    level: "none",
    description: "NO ISOLATION: limits on time and memory alone; programs can read and change whatever this user can",
  });
});

it("does not fall back when bubblewrap was asked for, and gives bubblewrap's reason and the way out", async () => {
  Object.assign(machine, { python: works });
  await expect(createSandbox({ isolation: "bubblewrap" })).rejects.toThrow(
    'The sandbox with isolation by bubblewrap is not available: bwrap was not found. Install what is missing, on Debian with: apt-get install bubblewrap python3. Isolation "none" runs programs without any.',
  );
  Object.assign(machine, { bubblewrap: fails });
  await expect(createSandbox({ isolation: "bubblewrap" })).rejects.toThrow("bwrap: No permissions to create a new namespace");
});

it("gives the reason when nothing starts", async () => {
  Object.assign(machine, { python: 'console.error("broken python"); process.exit(1)', bubblewrap: fails });
  await expect(createSandbox()).rejects.toThrow("The sandbox is not available: broken python. Install what is missing");
});
