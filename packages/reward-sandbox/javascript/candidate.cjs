// Loads a program and answers each call of its function: of `inputs`, or of the lines of file 5, which a test writes. A test is told whether a promise
// was returned, and what was thrown.
// Files: 3 the job, 4 answers, 5 calls.
"use strict";
const fs = require("node:fs");
const { answerTo, decode, describe, encode, failureOf, linesOf, parseProgram } = require("./values.cjs");

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
  for (const args of calls) answer(...(await (job.inputs ? valueOf : answerOf)(program, args.map(decode))));
}

/** Whether a call can have changed what is in its arguments. */
const isChangeable = (args) => args.some((value) => typeof value === "object" && value !== null);

/** The arguments as a call has left them; null if something in them is not plain data. */
function encodeOrNull(args) {
  try {
    return encode(args);
  } catch {
    return null;
  }
}

/** How a call ended; a promise counts as its result. */
async function valueOf(program, args) {
  try {
    return ["ok", encode(await program.named(job.entry)(...args))];
  } catch (error) {
    return failureOf(error);
  }
}

/** The same for a test, which may expect what was thrown. */
async function answerOf(program, args) {
  let thrown = "thrown";
  let outcome;
  try {
    const value = program.named(job.entry)(...args);
    const isPromise = value instanceof Promise;
    if (isPromise) thrown = "rejected";
    outcome = [isPromise ? "resolved" : "ok", await value];
  } catch (error) {
    const failure = failureOf(error);
    return failure[0] === "exception" ? [thrown, describe(error)] : failure;
  }
  try {
    return [outcome[0], [encode(outcome[1]), isChangeable(args) ? encodeOrNull(args) : null]];
  } catch (error) {
    return failureOf(error);
  }
}

serveCalls().then(
  () => process.exit(0),
  () => process.exit(1),
);
