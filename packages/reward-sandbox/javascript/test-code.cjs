// Runs test code to the end of its statements, and then the test functions that it declares but does not call.
"use strict";
const assert = require("node:assert");

/** Functions `check` and `test...` that the code does not use. */
function declaredIn(text) {
  const names = Array.from(
    text.matchAll(/(?:^|;)[ \t]*(?:async\s+)?function\s+(check|test\w*)\s*\(|(?:^|;)[ \t]*(?:const|let|var)\s+(check|test\w*)\s*=/gm),
    (found) => found[1] ?? found[2],
  );
  const used = text.replace(/\bexports\.(\w+) = \1;/g, ""); // an exported one is not called
  return names.filter((name) => used.split(new RegExp(`\\b${name}\\b`)).length === 2);
}

/** Whether code parses as a script. */
function parses(text) {
  const { Script } = require("node:vm");
  try {
    return Boolean(new Script(text).runInThisContext);
  } catch {
    return false;
  }
}

/** Whether code has a top-level await, which a script may not. */
const awaits = (text) => !parses(text) && parses(inFunction(text, []));

/** It may be declared in a function, where only that can call it. */
const ifDeclared = (name) => `typeof ${name} === "undefined" ? undefined : ${name}`;

const inFunction = (text, names) =>
  `(async () => {\n${text}\n;${names.map((name) => `await globalThis.runDeclared(${ifDeclared(name)});`).join("")}\n})()`;

/** @param evaluate runs code as a script @param given the argument of `check`: the tested function, if it is known */
async function runTestCode(text, evaluate, given) {
  const run = (declared) => {
    if (typeof declared !== "function") return undefined;
    if (declared.length > given.length) throw new Error(`${declared.name} wants ${declared.length} arguments`);
    return declared(...given);
  };
  console.assert = (value, ...message) => assert.ok(value, ...message.slice(0, 1).map(String)); // which otherwise only prints
  const names = declaredIn(text);
  if (awaits(text)) {
    globalThis.runDeclared = run;
    await evaluate(inFunction(text, names));
    return;
  }
  await evaluate(text);
  for (const name of names) await run(evaluate(ifDeclared(name)));
}

module.exports = { runTestCode };
