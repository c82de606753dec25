// Runs test code; the program is in another process, and only plain data crosses. No untrusted code runs here. The test is over
// once it waits for nothing more, promises and timers included.
// Files: 3 the job, 4 the answer, 5 calls, 6 their answers, 7 the test code as JSON.
"use strict";
const fs = require("node:fs");
const { FAILURES, FORGED, Refused, answerTo, decode, encode, failureOf, isAssertion, linesOf, rebuild } = require("./values.cjs");
const { runTestCode } = require("./test-code.cjs");

const job = JSON.parse(fs.readFileSync(3, "utf8"));
const answer = answerTo(4);
const text = JSON.parse(fs.readFileSync(7, "utf8"));

/** Changes an array, object, Map or Set as a call has changed it, in place as far as possible. */
function update(value, after) {
  const kind = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if (kind === undefined || typeof after !== "object" || after === null || kind !== Object.getPrototypeOf(after)) return after;
  if (Array.isArray(value)) value.splice(0, value.length, ...after.map((item, i) => update(value[i], item)));
  else if (kind === Object.prototype) {
    const entries = Object.entries(after).map(([key, item]) => [key, update(value[key], item)]);
    for (const key of Object.keys(value)) delete value[key];
    Object.assign(value, Object.fromEntries(entries));
  } else if (kind === Map.prototype) {
    const entries = [...after].map(([key, item]) => [key, update(value.get(key), item)]);
    value.clear();
    for (const [key, item] of entries) value.set(key, item);
  } else if (kind === Set.prototype) {
    value.clear();
    for (const item of after) value.add(item);
  } else return after;
  return value;
}

/** The program's process failed. */
class Gone extends Error {
  constructor(...outcome) {
    super(outcome.join(": "));
    this.outcome = outcome;
  }
}

/** What the first failed call threw; test code that expects errors must not make it a pass. */
let gone;
/** What the test threw, now or later. */
let failure;
let calls = 0;
let isSettled = true;

const answers = linesOf(6);

/** [status, value] as the program's process wrote it. Throws Gone if there is none, or an unexpected one. */
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
  calls++;
  if (gone) throw gone;
  let rest = Buffer.from(`${JSON.stringify(args.map((value) => encode(value)))}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(fs.writeSync(5, rest));
  } catch {
    throw (gone = new Gone("ended", null));
  }
  const [status, described] = readAnswer("ok", "resolved", "thrown", "rejected");
  let value;
  try {
    if (status === "ok" || status === "resolved") {
      value = decode(described[0]);
      if (described[1] !== null) update(args, decode(described[1]));
    } else value = rebuild(described);
  } catch {
    throw (gone = new Gone(...FORGED));
  }
  if (status === "ok") return value;
  if (status === "resolved") return Promise.resolve(value);
  if (status === "rejected") return Promise.reject(value);
  throw value;
}

async function check() {
  for (const wanted of ["ready", "parsed", "loaded"]) readAnswer(wanted);
  Object.assign(globalThis, { require, module: { exports: {} }, exports: {}, candidate: call, [job.entry]: call });
  isSettled = false;
  await runTestCode(text, require("node:vm").runInThisContext, [call]);
  isSettled = true;
}

/** [verdict, detail] of a check that threw. */
function verdictOf(error) {
  if (error instanceof Gone) return error.outcome;
  if (error instanceof Refused) return ["exception", `the test passes ${error.message}, which is not plain data`];
  if (isAssertion(error)) return ["wrong", `AssertionError: ${String(error.message).slice(0, 500)}`];
  return failureOf(error);
}

/** How the test ended, once it waits for nothing more or has exited. */
function outcome(code) {
  if (gone) return gone.outcome;
  if (failure) return verdictOf(failure.error);
  if (code) return ["wrong", `left with ${code}`];
  if (!isSettled && !hasLeft) return ["exception", "a promise was never settled"];
  return calls === 0 ? ["infrastructure", `the test never calls ${job.entry}`] : ["pass", ""];
}

let hasLeft = false;
const { exit } = process;
process.exit = (code) => {
  hasLeft = true;
  exit(code);
};
// Answers after all listeners of the test, whose checks at its exit count too.
const { emit } = process;
process.emit = function (name, ...rest) {
  if (name !== "exit") return emit.call(this, name, ...rest);
  try {
    return emit.call(this, name, ...rest);
  } catch (error) {
    failure ??= { error };
    return true;
  } finally {
    answer(...outcome(process.exitCode ?? rest[0]));
  }
};
process.on("uncaughtException", (error) => {
  failure ??= { error };
  exit(1);
});
check().catch((error) => {
  failure ??= { error };
  exit(1);
});
