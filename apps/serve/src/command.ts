import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { addSettingOptions, createProgram, runProgram, showProgress, type Terminal } from "@diffucoder/command-line";
import { parseConfig } from "@diffucoder/core";
import { type Command, Option } from "commander";
import { bundledModelDir, loadDiffuCoder, type LoadSettings, LoadSettingsSchema } from "diffucoder";
import { collectDefaultMetrics } from "prom-client";
import { Admission } from "./admission.ts";
import { type ApiKey, KEYS_VARIABLE, parseApiKeys } from "./api-keys.ts";
import { createApp } from "./app.ts";
import { proxiesOf } from "./client.ts";
import { hostName, parseCount, parseHost, parseOrigin, parsePort, parseProxy, parseSeconds, repeated } from "./command-values.ts";
import type { Engine } from "./engine.ts";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { createMetrics } from "./metrics.ts";
import { identify } from "./identity.ts";
import { loadPage } from "./page.ts";
import { listen, type RunningServer } from "./server.ts";
import { TestRuns } from "./test-runs.ts";

interface ServerOptions {
  host: string;
  port: number;
  allowHost: string[];
  corsOrigin: string[];
  trustedProxy: string[];
  servedModelName?: string;
  maxRows: number;
  maxWaiting: number;
  maxTokens?: number;
  maxBodyBytes: number;
  timeLimit: number;
  headersTimeout: number;
  bodyTimeout: number;
  idleTimeout: number;
  logPrompts?: boolean;
  runTests: boolean;
}

type Options = ServerOptions & LoadSettings & { model?: string };

/** Where the server runs. */
export interface RunServeOptions {
  terminal: Terminal;
  /** Stops the server once it has finished the requests that it has. */
  stop: AbortSignal;
  /** Ends those too. @default never */
  cut?: AbortSignal | undefined;
  /** Environment variables. @default this process's */
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs `serve` until `stop` fires.
 *
 * @param args the command line, without node and the script
 * @returns the exit code: 0 after `stop`, since a server that was asked to stop has done its work
 */
export async function runServe(args: readonly string[], run: RunServeOptions): Promise<number> {
  const { terminal, stop } = run;
  const program = addSettingOptions(createProgram("serve", terminal), LoadSettingsSchema.shape)
    .description("Serves a model over OpenAI's HTTP interface, with a playground")
    .option(
      "--model <dir-or-repo>",
      "model folder, or owner/name[@revision] on Hugging Face's hub (default: the small model that comes with the project)",
    )
    .option("--served-model-name <name>", "what clients call the model (default: the name of its folder or repository)")
    .option("--host <address>", "address to listen on; the default is reachable from this machine only", parseHost, "127.0.0.1")
    .option("--port <number>", "port to listen on, 0 for any free one", parsePort, 8000)
    .option("--allow-host <name>", "additional host name that clients may use; may be repeated", repeated(parseHost), [])
    .option("--cors-origin <origin>", "web site whose pages may ask, such as https://example.com; may be repeated", repeated(parseOrigin), [])
    .option(
      "--trusted-proxy <address>",
      "address of a proxy whose X-Forwarded-For says who asks, or loopback; may be repeated",
      repeated(parseProxy),
      [],
    );
  addLimits(program)
    .option("--log-prompts", "log what is asked, too")
    .addHelpText(
      "after",
      `\nAPI keys: ${KEYS_VARIABLE} has NAME:KEY or NAME:KEY:REQUESTS, separated by commas; REQUESTS is how many a client may have at a time.`,
    )
    .option("--no-run-tests", "do not run a task's tests on answers for the playground, in the sandbox")
    .allowExcessArguments(false)
    .action((options: Options) => serve(options, run));
  return runProgram(program, args, { terminal, signal: stop });
}

function addLimits(program: Command): Command {
  const seconds = (flags: string, description: string, value: number): Option =>
    new Option(`${flags} <seconds>`, description).argParser(parseSeconds).default(1000 * value, String(value));
  return program
    .option("--max-rows <number>", "texts that are decoded together", parseCount, 16)
    .option("--max-waiting <number>", "requests that may wait; the next gets 429", parseCount, 64)
    .option("--max-tokens <number>", "tokens after which an answer is cut (default: by the request alone)", parseCount)
    .option("--max-body-bytes <number>", "largest request body", parseCount, 262_144)
    .addOption(seconds("--time-limit", "a request's, waiting included", 120))
    .addOption(seconds("--headers-timeout", "how long a client may take to send a request's headers", 30))
    .addOption(seconds("--body-timeout", "how long it may take to send a whole request", 60))
    .addOption(seconds("--idle-timeout", "how long a connection stays open after an answer", 75));
}

async function serve({ model = bundledModelDir(), ...options }: Options, run: RunServeOptions): Promise<void> {
  const { terminal, stop, env = process.env } = run;
  const settings = parseConfig(LoadSettingsSchema, loadingOf(options), { source: "serve settings" });
  const apiKeys = parseApiKeys(env[KEYS_VARIABLE] ?? "");
  const onNotice = (notice: string): void => terminal.error(`Note: ${notice}.`);
  const engine = await showProgress({ terminal }, (onProgress) =>
    loadDiffuCoder(model, { ...settings, maxRows: options.maxRows, signal: stop, onProgress, onNotice }),
  );
  for (const notice of engine.notices) onNotice(notice);
  const modelId = options.servedModelName ?? basename(existsSync(model) ? resolve(model) : model.replace(/@.*$/, ""));
  const tests = new TestRuns(whyNoTests(options, apiKeys));
  const { server, admission } = await start(engine, { ...options, modelId, apiKeys, tests }, run);
  terminal.out(`${modelId} answers at ${server.url}/v1; the playground is ${server.url}/ (Ctrl-C stops it).`);
  if (ALL_ADDRESSES.includes(options.host) && options.allowHost.length === 0 && apiKeys.length === 0)
    onNotice(`clients that call it by another name than localhost need --allow-host NAME, or keys in ${KEYS_VARIABLE}`);
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  const { running, waiting } = admission.stats();
  terminal.out(running + waiting === 0 ? "Stopping." : `Stopping once ${running + waiting} more are answered (a second Ctrl-C ends them).`);
  await admission.whenIdle();
  await server.close();
  tests.close();
}

/** The settings of the model among all options. */
function loadingOf(options: Omit<Options, "model">): object {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(LoadSettingsSchema.shape, name)));
}

/** A small model is hashed within it, so that all of its answers say by what; those of a large one do not wait. */
const HASH_WAIT_MS = 1000;

interface Started {
  server: RunningServer;
  admission: Admission;
}

async function start(
  engine: Engine,
  options: ServerOptions & { modelId: string; apiKeys: readonly ApiKey[]; tests: TestRuns },
  run: RunServeOptions,
): Promise<Started> {
  const { host, port, allowHost, corsOrigin: corsOrigins, trustedProxy, maxWaiting, timeLimit, headersTimeout, bodyTimeout, idleTimeout } = options;
  const { terminal, stop, cut } = run;
  const log = (entry: object): void => terminal.error(JSON.stringify({ time: new Date().toISOString(), ...entry }));
  const admission = new Admission({ limits: engine.limits, maxWaiting, clock: () => performance.now() / 1000 });
  const metrics = createMetrics({ admission: () => admission.stats(), engine: () => engine.stats() });
  collectDefaultMetrics({ register: metrics.registry });
  const identification = identify(engine);
  await Promise.race([identification.done, later(HASH_WAIT_MS, undefined, { ref: false })]);
  const app = createApp({
    ...options,
    engine,
    admission,
    metrics,
    identity: identification.known,
    log,
    page: loadPage(),
    corsOrigins,
    isProxy: proxiesOf(trustedProxy),
    allowedHosts: [host, ...allowHost].map(hostName),
    now: () => Math.floor(Date.now() / 1000),
    randomSeed: () => randomInt(2 ** 32),
    onError: (error) => log({ level: "error", message: "failure", error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    timeLimitMs: timeLimit,
    drain: stop,
    cut,
  });
  const timeouts = { headersTimeoutMs: headersTimeout, bodyTimeoutMs: bodyTimeout, idleTimeoutMs: idleTimeout };
  return { server: await listen({ app, host, port, ...timeouts }), admission };
}

/** Programs run only for visitors that are known: this machine's own, or those with a key. */
function whyNoTests({ runTests, host }: Pick<Options, "runTests" | "host">, apiKeys: readonly ApiKey[]): string | undefined {
  if (!runTests) return "Tests are off: the server was started with --no-run-tests.";
  if (apiKeys.length === 0 && !LOOPBACK_HOSTS.includes(hostName(host)))
    return "Tests are off: others than this machine can reach the server without a key.";
  return undefined;
}

const ALL_ADDRESSES = ["0.0.0.0", "::"];
