import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModelDir } from "diffucoder";
import { expect, it } from "vitest";
import { runServe } from "./command.ts";

async function run(...args: string[]): Promise<{ code: number; out: string[]; errors: string[] }> {
  const out: string[] = [];
  const errors: string[] = [];
  const stop = AbortSignal.timeout(5000);
  const code = await runServe(args, { terminal: { out: (text) => out.push(text), error: (text) => errors.push(text) }, stop });
  return { code, out, errors };
}

it("refuses keys that it cannot read without showing them", async () => {
  const errors: string[] = [];
  const terminal = { out: () => {}, error: (text: string) => void errors.push(text) };
  const env = { DIFFUCODER_API_KEYS: "my-secret-key" };
  expect(await runServe(["--port", "0"], { terminal, stop: AbortSignal.abort(), env })).toBe(1);
  expect(errors).toEqual([expect.stringMatching(/^Invalid DIFFUCODER_API_KEYS:\n {2}- entry 1 must be NAME:KEY or /)]);
  expect(errors.join()).not.toContain("secret");
});

it("serves the model under the name that it is given", async () => {
  const out: string[] = [];
  const terminal = { out: (text: string) => void out.push(text), error: () => {} };
  await runServe(["--port", "0", "--served-model-name", "coder"], { terminal, stop: AbortSignal.abort() });
  expect(out[0]).toMatch(/^coder answers at /);
});

const badHost = (option: string, value: string): string =>
  `error: option '${option}' argument '${value}' is invalid. It must be a host name or an IP address, without a scheme and a port.`;

it.each([
  [["--prot", "1"], "error: unknown option '--prot'\n(Did you mean --port?)"],
  [["--port", "70000"], "error: option '--port <number>' argument '70000' is invalid. It must be a port number, 0 to 65535; 0 takes any free one."],
  [["--port", "abc"], "error: option '--port <number>' argument 'abc' is invalid. It must be a port number, 0 to 65535; 0 takes any free one."],
  [["--host", ""], badHost("--host <address>", "")], // would be every address
  [["--host", "127.0.0.1:80"], badHost("--host <address>", "127.0.0.1:80")],
  [["--host", "http://localhost"], badHost("--host <address>", "http://localhost")],
  [["--allow-host", ""], badHost("--allow-host <name>", "")],
  [["--allow-host", "*"], badHost("--allow-host <name>", "*")],
  [["--allow-host", "http://x.lan"], badHost("--allow-host <name>", "http://x.lan")],
  [["--allow-host", "x.lan:8000"], badHost("--allow-host <name>", "x.lan:8000")],
  [
    ["--trusted-proxy", "proxy.lan"],
    "error: option '--trusted-proxy <address>' argument 'proxy.lan' is invalid. It must be an IP address, or loopback.",
  ],
  [["--max-rows", "0"], "error: option '--max-rows <number>' argument '0' is invalid. It must be a whole number above 0."],
  [
    ["--time-limit", "1e9"],
    "error: option '--time-limit <seconds>' argument '1e9' is invalid. It must be a number of seconds above 0 and up to 2000000.",
  ],
  [
    ["--cors-origin", "*"],
    "error: option '--cors-origin <origin>' argument '*' is invalid. It must be an origin as browsers send it, such as https://example.com.",
  ],
  [["--host", "192.0.2.1"], "192.0.2.1:8000 is not available: it is not an address of this machine. Choose another address with --host."],
  [["--model", ""], '--model must be a path or a name, got "".'],
  [["extra"], "error: too many arguments. Expected 0 arguments but got 1."],
  [["--model", "/no/such/model"], "/no/such/model/config.json: no such file."],
  [["--executor", "tfjs-cpu", "--device", "webgpu"], 'device must be absent with executor "tfjs-cpu", whose name says where it runs, got "webgpu".'],
  [["--executor", "tfjs-cpu", "--quantize", "int8"], 'executor must be "onnx" for a model in int8, got "tfjs-cpu".'],
  [
    ["--device", "gpu", "--quantize", "int3"],
    'Invalid serve settings:\n  - quantize: must be one of "int8", "int4", "none", got "int3"\n  - device: must be one of "cpu", "webgpu", got "gpu"',
  ],
])("refuses %j in one message", async (args, message) => {
  expect(await run(...args)).toEqual({ code: 1, out: [], errors: [message] });
});

it("tells at its start what of the model's folder is not used", async () => {
  const dir = mkdtempSync(join(tmpdir(), "serve-notices-"));
  cpSync(bundledModelDir(), dir, { recursive: true });
  const path = join(dir, "generation_config.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), repetition_penalty: 1.1 }));
  const errors: string[] = [];
  const terminal = { out: () => {}, error: (text: string) => void errors.push(text) };
  expect(await runServe(["--model", dir, "--port", "0"], { terminal, stop: AbortSignal.abort() })).toBe(0);
  expect(errors).toEqual(["Note: generation_config.json says repetition_penalty, which is not used."]);
  rmSync(dir, { recursive: true });
});

it("listens on all addresses only when asked, and says who is answered", async () => {
  const lines: string[] = [];
  const terminal = { out: (text: string) => void lines.push(text), error: (text: string) => void lines.push(text) };
  const start = (...args: string[]): Promise<number> => runServe([...args, "--port", "0"], { terminal, stop: AbortSignal.abort() });
  expect([await start("--host", "0.0.0.0"), await start("--host", "0.0.0.0", "--allow-host", "coder.lan")]).toEqual([0, 0]);
  const answers = expect.stringMatching(/^tinycode-base answers at http:\/\/0\.0\.0\.0:\d+\/v1; the playground is .*$/);
  const note = "Note: clients that call it by another name than localhost need --allow-host NAME, or keys in DIFFUCODER_API_KEYS.";
  expect(lines).toEqual([answers, note, "Stopping.", answers, "Stopping."]);
});

it.each([
  ["me:a-key-of-mine", { available: true }],
  ["", { available: false, reason: "Tests are off: others than this machine can reach the server without a key." }],
])("off the loopback with the keys %j it says of running tests: %j", async (keys, expected) => {
  const stop = new AbortController();
  let tellPort = (_: string): void => {};
  const port = new Promise<string>((resolve) => (tellPort = resolve));
  const terminal = { out: (text: string) => tellPort(/:(\d+)\/v1/.exec(text)?.[1] ?? ""), error: () => {} };
  const served = runServe(["--host", "0.0.0.0", "--port", "0"], { terminal, stop: stop.signal, env: { DIFFUCODER_API_KEYS: keys } });
  const headers = { authorization: "Bearer a-key-of-mine" };
  const facts = await fetch(`http://127.0.0.1:${await port}/v1/playground`, { headers });
  expect(await facts.json()).toMatchObject({ tests: expected });
  stop.abort();
  expect(await served).toBe(0);
});

it("explains itself", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  expect(out.join("\n")).toContain("--allow-host <name>");
});
