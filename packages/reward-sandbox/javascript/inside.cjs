// Loads a program, asks for the test code, and after its last check, once it waits for nothing more, for the nonce, which it
// repeats. The program could take over.
// Files: 3 the job, 4 answers, 5 the test code as JSON and then the nonce.
"use strict";
const fs = require("node:fs");
const { answerTo, failureOf, isAssertion, linesOf, parseProgram } = require("./values.cjs");
const { runTestCode } = require("./test-code.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4);
const lines = linesOf(5);
const { exit } = process;
const requireAny = require;
const assert = require("node:assert"); // before the program can replace it
const originals = [assert, assert.strict].map((module) => [module, Object.entries(module)]);
let isSettled = false;

/** What test code requires: the original node:assert, even if the program has replaced it or `require`. */
function pristineRequire(name) {
  const strict = name === "assert/strict" || name === "node:assert/strict";
  return strict ? assert.strict : name === "assert" || name === "node:assert" ? assert : requireAny(name);
}

function fail(error) {
  answer(...(isAssertion(error) ? ["wrong", `AssertionError: ${String(error.message).slice(0, 500)}`] : failureOf(error)));
  exit(0);
}

async function runInside() {
  answer("ready");
  const program = parseProgram(job.code, answer);
  if (program === undefined) exit(0);
  program.run();
  answer("loaded");
  const text = JSON.parse(lines.next().value);
  for (const [module, original] of originals) for (const [name, value] of original) module[name] = value;
  globalThis.require = pristineRequire;
  await runTestCode(text, program.evaluate, []);
  isSettled = true;
}

process.on("uncaughtException", fail);
process.once("beforeExit", (code) => {
  if (code || !isSettled) {
    answer(...(code ? ["wrong", `left with ${code}`] : ["exception", "a promise was never settled"]));
    exit(0);
  }
  answer("done");
  answer("pass", JSON.parse(lines.next().value));
  exit(0);
});
runInside().catch(fail);
