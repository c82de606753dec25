import { UnavailableError } from "@diffucoder/core";
import { expect, it } from "vitest";
import type { Job } from "../provider.ts";
import { SupervisorWorker } from "./supervisor-worker.ts";

const job: Job = {
  kind: "functions",
  language: "python",
  code: "",
  walls: [0.1, 0.1],
  total: 0.3,
  memory: 2 ** 28,
  output: 2 ** 20,
  files: false,
  entry: "f",
  inputs: [[1], [2]],
};

/** A supervisor in JavaScript: `code` of a job is a statement that sees its `id` and may `answer` with lines. */
const supervisor = (): SupervisorWorker =>
  new SupervisorWorker(
    {
      command: process.execPath,
      args: [
        "-e",
        `const answer = (line) => console.log(typeof line === "string" ? line : JSON.stringify(line));
      answer({ id: "", filtered: true });
      require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { id, code } = JSON.parse(line);
        eval(code);
      })`,
      ],
      env: {},
    },
    { filters: true },
  );
const honest = { ...job, code: 'answer({ id, parses: true, results: [["ok", 1, 0], ["ok", 2, 0]] })' };
const right = {
  parses: true,
  results: [
    ["ok", 1, 0],
    ["ok", 2, 0],
  ],
};

it("names a program that cannot be started", async () => {
  const worker = new SupervisorWorker({ command: "/nowhere/python3", args: [], env: {} }, { filters: true });
  await expect(worker.run(job)).rejects.toThrow(UnavailableError);
  await expect(worker.run(job)).rejects.toThrow("/nowhere/python3");
});

it("has no answer from a supervisor that ended, and starts another for the next job", async () => {
  const worker = supervisor();
  expect(await worker.run({ ...job, code: "process.exit(1)" })).toBeUndefined();
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it("ends a supervisor that does not answer, and starts another for the next job", async () => {
  const worker = supervisor();
  expect(await worker.run({ ...job, code: "void 0" })).toBeUndefined();
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it.each(["not json", "null", "[]", '{"id":"another"}', "{}"])("passes over the line %s, which answers nothing", async (line) => {
  const worker = supervisor();
  const code = `answer(${JSON.stringify(line)}); answer({ id, parses: true }); answer({ id, results: [null] }); ${honest.code}`;
  expect(await worker.run({ ...job, code })).toMatchObject(right);
  worker.close();
});

it("does not take a line that one job left behind for the next job's answer", async () => {
  const worker = supervisor();
  const forged = '[{ id: 1, parses: true, results: [["ok", 0, 0]] }, { id, parses: true, results: [["ok", 0, 0]] }]';
  await worker.run({ ...job, code: `${honest.code}; ${forged}.forEach(answer)` });
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it("ends a job whose signal says so", async () => {
  const worker = supervisor();
  const controller = new AbortController();
  const running = worker.run({ ...job, total: 60, code: "void 0" }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  expect(await running).toBeUndefined();
  expect(await worker.run({ ...job, code: "void 0" }, { signal: controller.signal })).toBeUndefined();
  expect(await worker.run(honest)).toMatchObject(right);
  worker.close();
});

it("is of no use where system calls cannot be filtered, if that was wanted", async () => {
  const launch = {
    command: process.execPath,
    args: ["-e", 'console.log(JSON.stringify({ id: "", filtered: false })); process.stdin.resume()'],
    env: {},
  };
  await expect(new SupervisorWorker(launch, { filters: true }).start()).rejects.toThrow(
    "The Python sandbox is not available: this system does not filter system calls.",
  );
  const worker = new SupervisorWorker(launch, { filters: false });
  await worker.start();
  worker.close();
});
