import { type Attack, expectedOf } from "./attack.fixture.ts";

const inJavaScript = (attacks: Attack[]): Attack[] => attacks.map((attack) => ({ ...attack, language: "javascript" }));

export const javascript: Attack[] = inJavaScript([
  { name: "leaves by process.exit(0)", code: "process.exit(0)", verdict: "exception" },
  { name: "leaves by process.exit(0) in the function", code: "function f(x) { process.exit(0); }", verdict: "exception" },
  { name: "leaves by process.reallyExit", code: "function f(x) { process.reallyExit(0); }", verdict: "exception" },
  {
    name: "returns what converts to anything",
    code: "class A { valueOf() { return 998244360; } toJSON() { return 998244360; } }\nfunction f(x) { return new A(); }",
    verdict: "wrong",
  },
  {
    name: "returns a proxy",
    code: "function f(x) { return new Proxy(() => 0, { get: () => 998244360, apply: () => 998244360 }); }",
    verdict: "wrong",
  },
  { name: "returns an object that converts itself to JSON", code: "function f(x) { return { toJSON() { return 998244360; } }; }", verdict: "wrong" },
  { name: "replaces JSON.stringify", code: `JSON.stringify = () => '["ok",998244360]';\nfunction f(x) { return 0; }`, verdict: "wrong" },
  {
    name: "replaces the checks of node:assert",
    code: "const a = require('node:assert');\nfor (const name of Object.keys(a)) a[name] = () => {};\nfunction f(x) { return 0; }",
    verdict: "wrong",
  },
  {
    name: "changes what all objects inherit",
    code: "Object.prototype.status = 'ok'; Object.prototype.toJSON = () => 998244360; Array.prototype.toJSON = () => ['ok', 998244360];\nfunction f(x) { return 0; }",
    verdict: ["wrong", "exception", "forbidden"],
  },
  {
    name: "writes where answers go",
    code: `const fs = require('node:fs');\nfunction f(x) { for (let fd = 3; fd < 16; fd++) try { fs.writeSync(fd, '["pass",""]\\n["pass",""]\\n'); } catch {} return 0; }`,
    verdict: "forbidden",
  },
  {
    name: "starts a program",
    code: "function f(x) { return require('node:child_process').execSync('echo 998244360').toString(); }",
    verdict: "forbidden",
    weaker: { none: "wrong" },
  },
  {
    name: "kills its parent",
    code: "function f(x) { process.kill(process.ppid, 'SIGKILL'); return 0; }",
    verdict: "forbidden",
    weaker: { none: "exception" },
  },
  {
    name: "writes a file",
    code: "function f(x) { require('node:fs').writeFileSync('/tmp/left-behind', ''); return 0; }",
    verdict: "forbidden",
    weaker: { none: "wrong" },
  },
  {
    name: "connects",
    code: "function f(x) { return new Promise((resolve, reject) => require('node:net').connect(80, '127.0.0.1').on('connect', () => resolve(998244360)).on('error', reject)); }",
    verdict: "forbidden",
    weaker: { none: "exception" },
  },
  { name: "loops", code: "function f(x) { for (;;); }", verdict: "timeout" },
  { name: "never keeps its promise", code: "function f(x) { return new Promise(() => {}); }", verdict: ["exception", "timeout"] },
  {
    name: "loops in a thread",
    code: "const { Worker } = require('node:worker_threads');\nfunction f(x) { new Worker('for (;;);', { eval: true }); return 0; }",
    verdict: ["wrong", "exception"],
  },
  {
    name: "replaces how modules are loaded",
    code: "require('node:module').prototype.require = () => new Proxy(() => {}, { get: () => () => {} });\nfunction f(x) { return 0; }",
    verdict: "wrong",
  },
  {
    name: "is tested behind an await",
    code: "function f(x) { return 0; }",
    test: `const assert = require("node:assert");\n(async () => { assert.equal(await f(1), ${expectedOf(1)}); })();`,
    verdict: "wrong",
  },
  {
    name: "is tested by a timer",
    code: "function f(x) { return 0; }",
    test: `const assert = require("node:assert");\nsetTimeout(() => assert.equal(f(1), ${expectedOf(1)}), 5);`,
    verdict: "wrong",
  },
  {
    name: "is tested behind a promise that it never keeps",
    code: "function f(x) { return new Promise(() => {}); }",
    test: `const assert = require("node:assert");\n(async () => { assert.equal(await f(1), ${expectedOf(1)}); })();`,
    verdict: ["exception", "timeout"],
  },
  { name: "recurses", code: "function f(x) { return f(x); }", verdict: "exception" },
]);
