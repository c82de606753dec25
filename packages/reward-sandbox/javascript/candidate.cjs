// Loads a program and answers each call of its function: of `inputs`, or of the lines of file 5.
// Files: 3 the job, 4 answers, 5 calls.
"use strict";
const fs = require("node:fs");
const { answerTo, decode, encode, failureOf, linesOf, parseProgram } = require("./values.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4, job.output);

async function serveCalls() {
  answer("ready");
  const program = parseProgram(job.code, answer);
  if (program === undefined) return;
  try {
    program.run();
  } catch (error) {
    answer(...failureOf(error));
    return;
  }
  answer("loaded");
  const calls =
    job.inputs ??
    (function* () {
      for (const line of linesOf(5)) yield JSON.parse(line);
    })();
  for (const args of calls) {
    let outcome;
    try {
      outcome = ["ok", encode(await program.evaluate(job.entry)(...args.map(decode)))];
    } catch (error) {
      outcome = failureOf(error);
    }
    answer(...outcome);
  }
}

serveCalls().then(
  () => process.exit(0),
  () => process.exit(1),
);
