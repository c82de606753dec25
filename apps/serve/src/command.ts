import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { isIPv6 } from "node:net";
import { basename, resolve } from "node:path";
import { addSettingOptions, createProgram, runProgram, showProgress, type Terminal } from "@diffucoder/command-line";
import { parseConfig } from "@diffucoder/core";
import { InvalidArgumentError } from "commander";
import { bundledModelDir, loadDiffuCoder, type LoadSettings, LoadSettingsSchema } from "diffucoder";
import { createApp } from "./app.ts";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { loadPage } from "./page.ts";
import { listen } from "./server.ts";
import { TestRuns } from "./test-runs.ts";

interface Options extends LoadSettings {
  model?: string;
  host: string;
  port: number;
  allowHost: string[];
  runTests: boolean;
}

/**
 * Runs `serve` until `stop` fires.
 *
 * @param args the command line, without node and the script
 * @returns the exit code: 0 after `stop`, since a server that was asked to stop has done its work
 */
export async function runServe(args: readonly string[], { terminal, stop }: { terminal: Terminal; stop: AbortSignal }): Promise<number> {
  const program = addSettingOptions(createProgram("serve", terminal), LoadSettingsSchema.shape)
    .description("Serves a model over OpenAI's HTTP interface, with a playground")
    .option(
      "--model <dir-or-repo>",
      "model folder, or owner/name[@revision] on Hugging Face's hub (default: the small model that comes with the project)",
    )
    .option("--host <address>", "address to listen on; the default is reachable from this machine only", parseHost, "127.0.0.1")
    .option("--port <number>", "port to listen on, 0 for any free one", parsePort, 8000)
    .option(
      "--allow-host <name>",
      "additional host name that clients may use; may be repeated",
      (name: string, names: string[]) => [...names, parseHost(name)],
      [],
    )
    .option("--no-run-tests", "do not run a task's tests on answers for the playground, in the sandbox")
    .allowExcessArguments(false)
    .action((options: Options) => serve(options, terminal, stop));
  return runProgram(program, args, { terminal, signal: stop });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("It must be a port number, 0 to 65535; 0 takes any free one.");
  return port;
}

/** @returns the name without brackets, which an IPv6 address may have */
function parseHost(text: string): string {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  const isName = /^[^\s/:@?#\\*[\]%]+$/.test(host) && URL.canParse(`http://${host}`);
  if (!isName && !isIPv6(host)) throw new InvalidArgumentError("It must be a host name or an IP address, without a scheme and a port.");
  return host;
}

/** As `URL` writes it, and with it every Host header. */
function hostName(host: string): string {
  return new URL(`http://${isIPv6(host) ? `[${host}]` : host}`).hostname;
}

const ALL_ADDRESSES = ["0.0.0.0", "::"];

async function serve(
  { model = bundledModelDir(), host, port, allowHost, runTests, ...loading }: Options,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<void> {
  const settings = parseConfig(LoadSettingsSchema, loading, { source: "serve settings" });
  const onNotice = (notice: string): void => terminal.error(`Note: ${notice}.`);
  const engine = await showProgress({ terminal }, (onProgress) => loadDiffuCoder(model, { ...settings, signal: stop, onProgress, onNotice }));
  const modelId = basename(existsSync(model) ? resolve(model) : model.replace(/@.*$/, ""));
  for (const notice of engine.notices) terminal.error(`Note: ${notice}.`);
  const tests = new TestRuns(whyNoTests({ runTests, host }));
  const app = createApp({
    engine,
    modelId,
    page: loadPage(),
    tests,
    allowedHosts: [host, ...allowHost].map(hostName),
    now: () => Math.floor(Date.now() / 1000),
    randomSeed: () => randomInt(2 ** 32),
    onError: (error) => terminal.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    signal: stop,
  });
  const server = await listen({ app, host, port });
  terminal.out(`${modelId} answers at ${server.url}/v1; the playground is ${server.url}/ (Ctrl-C stops it).`);
  if (ALL_ADDRESSES.includes(host) && allowHost.length === 0) onNotice("clients that call it by another name than localhost need --allow-host NAME");
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
  terminal.out("Stopping.");
  await server.close();
  tests.close();
}

/** Programs run only for visitors that are known: this machine's own. */
function whyNoTests({ runTests, host }: Pick<Options, "runTests" | "host">): string | undefined {
  if (!runTests) return "Tests are off: the server was started with --no-run-tests.";
  if (!LOOPBACK_HOSTS.includes(hostName(host))) return "Tests are off: others than this machine can reach the server.";
  return undefined;
}
