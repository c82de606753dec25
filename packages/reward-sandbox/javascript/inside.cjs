// Loads a program, asks for the test code, and after its last check for the nonce, which it repeats. The program could take over.
// Files: 3 the job, 4 answers, 5 the test code as JSON and then the nonce.
"use strict";
const fs = require("node:fs");
const { answerTo, failureOf, linesOf, parseProgram } = require("./values.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4);
const lines = linesOf(5);
const assert = require("node:assert"); // before the program could replace it
const original = Object.entries(assert);

function verdictOf(error) {
  if (error?.code === "ERR_ASSERTION") return ["wrong", `AssertionError: ${String(error.message).slice(0, 500)}`];
  return failureOf(error);
}

function runInside() {
  answer("ready");
  const program = parseProgram(job.code, answer);
  if (program === undefined) return;
  try {
    program.run();
    answer("loaded");
    const text = JSON.parse(lines.next().value);
    for (const [name, value] of original) assert[name] = value;
    program.evaluate(text);
  } catch (error) {
    answer(...verdictOf(error));
    return;
  }
  answer("done");
  answer("pass", JSON.parse(lines.next().value));
}

runInside();
process.exit(0);
