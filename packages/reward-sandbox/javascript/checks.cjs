// Runs test code; the program lives in another process, and only plain data crosses. No untrusted code runs here.
// Files: 3 the job, 4 the answer, 5 calls, 6 their answers, 7 the test code as JSON.
"use strict";
const fs = require("node:fs");
const { FAILURES, FORGED, Refused, answerTo, decode, encode, failureOf, linesOf } = require("./values.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4);
const text = JSON.parse(fs.readFileSync(7, "utf8"));

/** The program's process failed. */
class Gone extends Error {
  constructor(...outcome) {
    super(outcome.join(": "));
    this.outcome = outcome;
  }
}

const answers = linesOf(6);

/** [status, value] as the program's process wrote it. Throws Gone if there is none, or another than wanted. */
function readAnswer(...wanted) {
  const { value: line, done } = answers.next();
  if (done) throw (gone = new Gone("ended", null));
  let [status, value] = FORGED;
  try {
    [status, value] = JSON.parse(line);
  } catch {}
  if (wanted.includes(status)) return [status, value];
  throw (gone = new Gone(...(FAILURES.includes(status) ? [status, value] : FORGED)));
}

function call(...args) {
  let rest = Buffer.from(`${JSON.stringify(args.map((value) => encode(value)))}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(fs.writeSync(5, rest));
  } catch {
    throw (gone = new Gone("ended", null));
  }
  const [status, value] = readAnswer("ok", "exception");
  if (status === "ok") {
    try {
      return decode(value);
    } catch {
      throw (gone = new Gone(...FORGED));
    }
  }
  throw Object.assign(new Error(`the program threw ${value}`), { name: value });
}

/** What the first failed call threw; test code that expects errors must not make it a pass. */
let gone;

function check() {
  for (const wanted of ["ready", "parsed", "loaded"]) readAnswer(wanted);
  Object.assign(globalThis, { require, module: { exports: {} }, exports: {}, [job.entry]: call });
  require("node:vm").runInThisContext(text, { filename: "tests.js" });
  if (gone) throw gone;
}

/** [verdict, detail] of a check that threw. */
function verdictOf(error) {
  if (error instanceof Gone) return error.outcome;
  if (error instanceof Refused) return ["exception", `the test passes ${error.message}, which is not plain data`];
  if (error?.code === "ERR_ASSERTION") return ["wrong", `AssertionError: ${String(error.message).slice(0, 500)}`];
  return failureOf(error);
}

let outcome = ["pass", ""];
try {
  check();
} catch (error) {
  outcome = verdictOf(gone ?? error);
}
answer(...outcome);
process.exit(0);
