import { UnavailableError } from "@diffucoder/core";
import { expect, it } from "vitest";
import { Worker } from "./worker.ts";

const job = { code: "", entry: "f", inputs: [[1], [2]], wall: 0.1, memory: 2 ** 28 };
const lost = {
  syntax: true,
  results: [
    ["timeout", null],
    ["timeout", null],
  ],
};

/** A zygote in JavaScript; `answer` is an expression of a job's `id`. Every zygote is first asked job -1. */
const zygote = (answer: string): Worker =>
  new Worker({
    command: process.execPath,
    args: [
      "-e",
      `require("readline").createInterface({ input: process.stdin }).on("line", (line) => { const { id } = JSON.parse(line); console.log(JSON.stringify(${answer})); })`,
    ],
  });

it("names a program that cannot be started", async () => {
  const worker = new Worker({ command: "/nowhere/python3", args: [] });
  await expect(worker.run(job)).rejects.toThrow(UnavailableError);
  await expect(worker.run(job)).rejects.toThrow("/nowhere/python3");
});

it("blames a job for a zygote that it ended, and starts another for the next", async () => {
  const worker = zygote(`id === 0 ? process.exit(1) : { id, syntax: true, results: [["ok", id]] }`);
  expect(await worker.run(job)).toEqual(lost);
  expect((await worker.run(job)).results).toEqual([["ok", 1]]);
  worker.close();
});

it("does not take an answer to another job", async () => {
  const worker = zygote(`{ id: id === 0 ? 77 : id, syntax: true, results: [["ok", 1]] }`);
  expect(await worker.run(job)).toEqual(lost);
  worker.close();
});
