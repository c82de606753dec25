import { describe, expect, it, type TestContext } from "vitest";
import type { Provider } from "../provider.ts";
import { createSandbox, type Sandbox } from "../sandbox.ts";
import { e2bProvider } from "./e2b.ts";
import { fakeE2b, fakePiston, type FakeService, type Trouble } from "./fake-service.fixture.ts";
import { pistonProvider } from "./piston.ts";

const SECRET = "s3cret-t0ken";
const toPiston = (url: string, more: object = {}): Provider => pistonProvider({ url, token: SECRET, ...more });
const toE2b = (url: string, more: object = {}): Provider => e2bProvider({ apiKey: SECRET, apiUrl: url, sandboxUrl: url, ...more });
const SERVICES = [
  ["Piston", fakePiston, toPiston],
  ["E2B", fakeE2b, toE2b],
] as const;

/** A sandbox that runs its jobs at a service; both are closed after the test. */
async function open({ onTestFinished }: TestContext, isolation: Provider, service: FakeService, workers = 1): Promise<Sandbox> {
  const sandbox = await createSandbox({ isolation, workers });
  onTestFinished(async () => {
    sandbox.close();
    await service.close();
  });
  return sandbox;
}
const double = { code: "def f(x):\n    return 2 * x\n", entryPoint: "f", inputs: [[2], [3]] };
const address = (service: FakeService): string => service.url.slice("http://".length);

// Side by side: most of the time goes into waiting before a service is asked again.
describe.concurrent.each(SERVICES)("%s", (name, fake, provider) => {
  const at = (service: FakeService): string => `${name} at ${address(service)}`;

  it("runs calls and whole programs, with the same verdicts as here", async (test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url), service);
    expect(sandbox.isolation).toMatchObject({ level: "remote", description: expect.stringContaining(at(service)) });
    const code = `class Any:
    def __eq__(self, other): return True
def f(x):
    if x == 0: raise ValueError
    if x == 1: return Any()
    if x == 2: import os; os._exit(0)
    if x == 3: return {"é\\ud800": (1, None, 10**20)}
    while x == 4: pass
    return open("/tmp/x", "w")
`;
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[0], [1], [2], [3], [4], [5]], wallTimeMs: 1000, totalTimeMs: 9000 });
    expect(outcomes.map(({ status }) => status)).toEqual(["exception", "wrong", "exception", "ok", "timeout", "forbidden"]);
    expect(outcomes[3]).toMatchObject({ value: { dict: [["é\ud800", { tuple: [1, null, { int: "100000000000000000000" }] }]] } });
    const { outcomes: printed } = await sandbox.runProgram({ code: "print(input()[::-1])", stdins: ["abc", "é"] });
    expect(printed).toMatchObject([
      { status: "ok", value: "cba\n" },
      { status: "ok", value: "é\n" },
    ]);
    expect((await sandbox.run({ ...double, code: "def f(:" })).parses).toBe(false);
  });

  it("never sends test code, which holds expected values, nor JavaScript", async (test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url), service);
    const { verdicts } = await sandbox.runTests({ code: double.code, tests: ["assert f(2) == 424242"], entryPoint: "f" });
    expect(verdicts).toEqual([
      {
        verdict: "infrastructure",
        detail: `${at(service)} is not available: test code holds expected values, and those are not sent to another machine.`,
        milliseconds: 0,
      },
    ]);
    const { outcomes } = await sandbox.run({ ...double, language: "javascript" });
    expect(outcomes[0]).toMatchObject({ status: "infrastructure", detail: "isolation by remote does not run javascript" });
    expect(service.bodies.join("")).not.toContain("424242");
  });

  it("asks again after 429 and 5xx, and a connection that broke", async (test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url), service);
    service.troubles.push({ status: 429, retryAfter: 0.3 }, { status: 503 }, "hang-up");
    expect((await sandbox.run(double)).outcomes).toMatchObject([{ value: 4 }, { value: 6 }]);
  });

  it.for<[string, Trouble[], string, object]>([
    ["429 without end", Array.from({ length: 5 }, () => ({ status: 429, message: "slow down" })), "it answered 429 (slow down)", {}],
    ["an error of the service", Array.from({ length: 5 }, () => ({ status: 500 })), "it answered 500 (no)", {}],
    ["a refusal that echoes the token", [{ status: 401, message: `unknown key ${SECRET}` }], "it answered 401 (unknown key ***)", {}],
    ["an answer that is cut off", ["cut"], "its answer is not JSON, or is cut off", {}],
    ["no answer", ["silent"], "it did not answer within 5.5 seconds", { patienceMs: 5000 }],
    ["a connection that always breaks", Array.from({ length: 5 }, () => "hang-up"), "no connection (UND_ERR_SOCKET)", {}],
  ])("takes %s for a failure of its own, never of the program", async ([, troubles, problem, more], test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url, more), service);
    service.troubles.push(...troubles);
    const outcome = { status: "infrastructure", detail: `${at(service)} is not available: ${problem}.`, milliseconds: 0 };
    expect((await sandbox.run({ ...double, totalTimeMs: 500 })).outcomes).toEqual([outcome, outcome]);
    expect((await sandbox.run(double)).outcomes).toMatchObject([{ value: 4 }, { value: 6 }]); // the next job is none the worse
  });

  it("says at the start that nobody is there", async () => {
    const service = await fake();
    await service.close();
    await expect(createSandbox({ isolation: provider(service.url) })).rejects.toThrow(
      `${at(service)} is not available: no connection (ECONNREFUSED).`,
    );
  });

  it("runs as many jobs at once as it has workers", async (test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url), service, 2);
    const results = await Promise.all(Array.from({ length: 6 }, (_, i) => sandbox.run({ ...double, inputs: [[i]] })));
    expect(results.map(({ outcomes }) => outcomes[0])).toMatchObject([0, 2, 4, 6, 8, 10].map((value) => ({ value })));
    expect(service.mostAtOnce).toBe(2);
  });

  it("ends a job that is stopped", async (test) => {
    const service = await fake();
    const sandbox = await open(test, provider(service.url), service);
    const stop = new AbortController();
    service.troubles.push("silent");
    const running = sandbox.run(double, { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(running).rejects.toThrow("A sandbox job was stopped.");
    expect((await sandbox.run(double)).outcomes).toMatchObject([{ value: 4 }, { value: 6 }]);
  });
});

describe("Piston's own limits", () => {
  it.for<[string, (run: { stdout: string }) => object, string]>([
    ["output that it cut off", (run: { stdout: string }) => ({ ...run, stdout: run.stdout.slice(0, 60) }), "its output is cut off"],
    ["output that it says is cut off", (run: { stdout: string }) => ({ ...run, status: "OL" }), "it cut the output off (PISTON_OUTPUT_MAX_SIZE)"],
    ["time", (run: { stdout: string }) => ({ ...run, stdout: "", status: "TO" }), "it ended the run at its own time limit (PISTON_RUN_TIMEOUT)"],
    ["words of its own", (run: { stdout: string }) => ({ ...run, stdout: "no python\n" }), 'it wrote something other than an answer ("no python")'],
    [
      "boxes without a filter",
      (run: { stdout: string }) => ({ ...run, stdout: run.stdout.replace('"filtered": true', '"filtered": false') }),
      "its boxes do not filter system calls: a program could break its own job",
    ],
    ["another answer", (run: { stdout: string }) => ({ ...run, stdout: run.stdout.replace(/\[\["ok".*\]\]/, "[]") }), "its answer is malformed"],
  ])("are its failure: %s", async ([, change, problem], test) => {
    const service = await fakePiston(change);
    const sandbox = await open(test, toPiston(service.url), service);
    const [outcome] = (await sandbox.run(double)).outcomes;
    expect(outcome).toEqual({ status: "infrastructure", detail: `Piston at ${address(service)} is not available: ${problem}.`, milliseconds: 0 });
  });

  it("takes a run that twice ended without an answer for the program's doing", async (test) => {
    const service = await fakePiston((run) => ({ ...run, stdout: run.stdout.split("\n")[0]!.concat("\n"), signal: "SIGKILL", code: null }));
    const sandbox = await open(test, toPiston(service.url), service);
    expect((await sandbox.run(double)).outcomes[0]).toMatchObject({ status: "exception", detail: "ended the sandbox's own process" });
    expect(service.requests.filter((path) => path.startsWith("POST"))).toHaveLength(2);
  });

  it("sends the token as a header, takes the newest Python 3, and refuses addresses that are none", async (test) => {
    const service = await fakePiston();
    const sandbox = await open(test, toPiston(service.url), service);
    await sandbox.run(double);
    expect(service.headers.every(({ authorization }) => authorization === SECRET)).toBe(true);
    expect(service.bodies.join("")).not.toContain(SECRET);
    expect(JSON.parse(service.bodies[1]!)).toMatchObject({ language: "python", version: "3.12.0", run_timeout: 9000 });
    expect(() => pistonProvider({ url: "localhost" })).toThrow('url must be an http or https URL without a password, got "localhost".');
    expect(() => pistonProvider({ url: "http://me:hidden@host" })).toThrow(
      'url must be an http or https URL without a password, got "http://***@host".',
    );
  });
});

describe("E2B's machines", () => {
  it("have no network, are one for each worker, and are given back", async (test) => {
    const service = await fakeE2b();
    const sandbox = await open(test, toE2b(service.url), service, 1);
    await sandbox.run(double);
    await sandbox.run(double);
    sandbox.close();
    await expect
      .poll(() => service.requests)
      .toEqual(["POST /v2/sandboxes", "POST /execute", "POST /execute", "POST /execute", "DELETE /sandboxes/machine0"]);
    expect(JSON.parse(service.bodies[0]!)).toEqual({ templateID: "code-interpreter-v1", timeout: 300, allow_internet_access: false });
    expect(service.headers[0]?.["x-api-key"]).toBe(SECRET);
    expect(service.headers[1]).toMatchObject({ "x-access-token": "token-of-machine0", "e2b-sandbox-id": "machine0" });
    expect(service.headers[1]?.["x-api-key"]).toBeUndefined(); // programs share the machine with the reader of that request
  });

  it("want a key", async () => {
    await expect(createSandbox({ isolation: e2bProvider({ apiKey: "", domain: "e2b.invalid" }) })).rejects.toThrow(
      "E2B at api.e2b.invalid is not available: there is no API key. Set E2B_API_KEY.",
    );
  });
});
