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

/** A zygote in JavaScript: `code` of a job is a statement that sees its `id` and may `answer` with lines. */
const zygote = (): Worker =>
  new Worker({
    command: process.execPath,
    args: [
      "-e",
      `const answer = (line) => console.log(typeof line === "string" ? line : JSON.stringify(line));
      require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, code } = JSON.parse(line);
        eval(code || "answer({ id, syntax: true, results: [] })");
      })`,
    ],
  });
const honest = { ...job, code: 'answer({ id, syntax: true, results: [["ok", 1], ["ok", 2]] })' };
const right = {
  syntax: true,
  results: [
    ["ok", 1],
    ["ok", 2],
  ],
};

it("names a program that cannot be started", async () => {
  const worker = new Worker({ command: "/nowhere/python3", args: [] });
  await expect(worker.run(job)).rejects.toThrow(UnavailableError);
  await expect(worker.run(job)).rejects.toThrow("/nowhere/python3");
});

it("blames a job for a zygote that it ended, and starts another for the next", async () => {
  const worker = zygote();
  expect(await worker.run({ ...job, code: "process.exit(1)" })).toEqual(lost);
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it("ends a zygote that does not answer, and starts another for the next", async () => {
  const worker = zygote();
  expect(await worker.run({ ...job, code: "void 0" })).toEqual(lost);
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it.each(["not json", "null", "[]", '{"id":"another"}', "{}"])("passes over the line %s, which answers nothing", async (line) => {
  const worker = zygote();
  const code = `answer(${JSON.stringify(line)}); answer({ id, syntax: true }); answer({ id, results: [null] }); ${honest.code}`;
  expect(await worker.run({ ...job, code })).toMatchObject(right);
  worker.close();
});

it("does not take a line that one job left behind for the next job's answer", async () => {
  const worker = zygote();
  const forged = '[{ id: 1, syntax: true, results: [["ok", 0]] }, { id, syntax: true, results: [["ok", 0]] }]';
  await worker.run({ ...job, code: `${honest.code}; ${forged}.forEach(answer)` });
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});
