// Runs a program from its first line to its last, with the given standard input and output.
// Files: 3 the job, 4 answers.
"use strict";
const fs = require("node:fs");
const { answerTo, failureOf, parseProgram } = require("./values.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4);
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) => read(path === "/dev/stdin" ? 0 : path, ...rest); // there is no /proc behind that name

answer("ready");
const program = parseProgram(job.code, answer);
if (program !== undefined) {
  process.on("uncaughtException", (error) => {
    answer(...failureOf(error));
    process.exit(1);
  });
  program.run();
}
