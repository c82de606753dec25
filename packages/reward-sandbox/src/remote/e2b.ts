// E2B (e2b.dev), called as its SDKs do: `POST /v2/sandboxes` makes a virtual machine, and the code interpreter in it runs cells, `POST
// /execute`, whose answer is JSON lines of what they print. Each worker has its own machine.
import { UnavailableError } from "@diffucoder/core";
import { checkObject } from "../check-arguments.ts";
import { checkedUrl } from "./checked-url.ts";
import type { Answer, Job, Provider, Worker } from "../provider.ts";
import { isFiltered, jobLine, readAnswer, refuseTestCode, REMOTE, supervisorProgram } from "./remote-run.ts";
import { request } from "./request.ts";

/** The account and service whose virtual machines run programs. */
export interface E2bOptions {
  /** API key; never shown. @default `$E2B_API_KEY` */
  apiKey?: string | undefined;
  /** Template, made from the code interpreter's. @default "code-interpreter-v1" */
  template?: string;
  /** @default `$E2B_DOMAIN`, or "e2b.app" */
  domain?: string;
  /** @default `$E2B_API_URL`, or `https://api.DOMAIN` */
  apiUrl?: string;
  /** Address of all machines' code interpreters, for an E2B behind your own proxy. @default `https://49999-ID.DOMAIN` for each */
  sandboxUrl?: string | undefined;
  /** Extra time that it may take beyond a job's own, milliseconds. @default 15000 */
  patienceMs?: number;
}

/** Lifetime of a machine without a job, seconds; each job renews it. */
const LIFETIME = 300;
/** Seconds after which its lifetime is renewed. */
const RENEWAL = 60;

/** The first cell. A machine runs many jobs, so what a cell holds is hidden from later programs. */
const PREPARE = `import ctypes, subprocess, sys
get_ipython().history_manager.enabled = False
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
def run_job(line):
    print(subprocess.run([sys.executable, "-c", SUPERVISOR], input=line.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/").stdout.decode(), end="")
run_job("")
`;

/**
 * Runs programs in E2B's virtual machines.
 *
 * Sandboxes that use it throw an `UnavailableError` at the start if there is no key, or no machine.
 *
 * @throws {InvalidArgumentError} if `apiUrl` or `sandboxUrl` is not an address
 */
export function e2bProvider(options: E2bOptions = {}): Provider {
  checkObject("options", options, "an object such as { apiKey }");
  const { apiKey = process.env.E2B_API_KEY, template = "code-interpreter-v1", domain = process.env.E2B_DOMAIN ?? "e2b.app" } = options;
  const { apiUrl = process.env.E2B_API_URL ?? `https://api.${domain}`, sandboxUrl, patienceMs = 15_000 } = options;
  if (sandboxUrl !== undefined) checkedUrl("sandboxUrl", sandboxUrl);
  const { host } = checkedUrl("apiUrl", apiUrl);
  const service: Service = { what: `E2B at ${host}`, apiKey, template, domain, apiUrl, sandboxUrl, patienceMs };
  return {
    ...REMOTE,
    isolation: {
      level: "remote",
      description: `${service.what}: virtual machines there; the service sees programs and inputs, never expected values`,
    },
    worker: () => new E2bWorker(service),
  };
}

interface Service {
  what: string;
  apiKey: string | undefined;
  template: string;
  domain: string;
  apiUrl: string;
  sandboxUrl: string | undefined;
  patienceMs: number;
}

interface Machine {
  id: string;
  url: string;
  headers: Record<string, string>;
  /** Milliseconds, of `performance.now`. */
  renewed: number;
}

class E2bWorker implements Worker {
  readonly #service: Service;
  #machine: Machine | undefined;
  #closing = new AbortController();

  constructor(service: Service) {
    this.#service = service;
  }

  async start(): Promise<void> {
    if (this.#machine !== undefined) return;
    const { template, domain, sandboxUrl } = this.#service;
    const text = await this.#api("/v2/sandboxes", { templateID: template, timeout: LIFETIME, allow_internet_access: false });
    const made = this.#json(text);
    if (typeof made.sandboxID !== "string" || !/^[\w-]+$/.test(made.sandboxID)) throw this.#failure("it created no machine");
    const headers: Record<string, string> = { "E2b-Sandbox-Id": made.sandboxID, "E2b-Sandbox-Port": "49999" };
    if (typeof made.envdAccessToken === "string") headers["X-Access-Token"] = made.envdAccessToken;
    if (typeof made.trafficAccessToken === "string") headers["E2B-Traffic-Access-Token"] = made.trafficAccessToken;
    const host = typeof made.domain === "string" && made.domain !== "" ? made.domain : domain;
    const url = sandboxUrl ?? `https://49999-${made.sandboxID}.${host}`;
    this.#machine = { id: made.sandboxID, url, headers, renewed: performance.now() };
    try {
      const greeting = await this.#cell(this.#machine, `SUPERVISOR = ${JSON.stringify(supervisorProgram())}\n${PREPARE}`);
      if (!isFiltered(greeting, this.#service.what)) throw this.#failure("its machines do not filter system calls: one program could reach the next");
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async run(job: Job, { signal }: { signal?: AbortSignal | undefined }): Promise<Answer | undefined> {
    refuseTestCode(job, this.#service.what);
    await this.start();
    const machine = this.#machine as Machine;
    const stopped = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]);
    try {
      await this.#renew(machine);
      const { id, line } = jobLine(job);
      const text = await this.#cell(machine, `run_job(${JSON.stringify(line)})`, { seconds: job.total, signal: stopped });
      const answer = readAnswer(text, { id, job, what: this.#service.what });
      if (answer === undefined) this.close();
      return answer;
    } catch (error) {
      const wasStopped = stopped.aborted;
      this.close(); // the next job gets a new machine
      if (wasStopped) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#closing = new AbortController();
    const { id } = this.#machine ?? {};
    this.#machine = undefined;
    // If this fails, the machine ends after its lifetime.
    if (id !== undefined) void this.#api(`/sandboxes/${id}`, undefined, "DELETE").catch(() => {});
  }

  async #renew(machine: Machine): Promise<void> {
    const now = performance.now();
    if (now - machine.renewed < 1000 * RENEWAL) return;
    await this.#api(`/sandboxes/${machine.id}/timeout`, { timeout: LIFETIME });
    machine.renewed = now;
  }

  #api(path: string, body: unknown, method: "POST" | "DELETE" = "POST"): Promise<string> {
    const { what, apiKey, apiUrl, patienceMs } = this.#service;
    if (apiKey === undefined || apiKey === "") throw new UnavailableError({ what, problem: "there is no API key", wayOut: "Set E2B_API_KEY." });
    return request({ what, secret: apiKey, url: `${apiUrl}${path}`, method, headers: { "X-API-KEY": apiKey }, body, timeoutMs: patienceMs });
  }

  /** What a cell printed. @throws {UnavailableError} if it raised */
  async #cell({ url, headers }: Machine, code: string, { seconds = 0, signal }: { seconds?: number; signal?: AbortSignal } = {}): Promise<string> {
    const { what, apiKey: secret, patienceMs } = this.#service;
    const text = await request({
      what,
      secret,
      url: `${url}/execute`,
      headers,
      body: { code },
      timeoutMs: 1000 * seconds + patienceMs,
      ...(signal && { signal }),
    });
    const messages = text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [this.#json(line)]));
    const error = messages.find(({ type }) => type === "error");
    if (error !== undefined) throw this.#failure(`its interpreter failed (${String(error.name)}: ${String(error.value).slice(0, 200)})`);
    return messages.map(({ type, text: printed }) => (type === "stdout" && typeof printed === "string" ? printed : "")).join("");
  }

  #failure(problem: string): UnavailableError {
    return new UnavailableError({ what: this.#service.what, problem });
  }

  #json(text: string): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
    } catch {
      // told below
    }
    throw this.#failure("its answer is not JSON, or is cut off");
  }
}
