// `diffucoder chat OWNER/NAME` of a hub on this machine, as the built command: killed in the middle of the download and of quantizing.
// Started again it goes on, and answers as one that nothing disturbed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type HubMirror, startHubMirror } from "../../../engine/src/hub/hub-mirror.fixture.ts";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const command = join(root, "packages/diffucoder/dist/cli.js");
const home = mkdtempSync(join(tmpdir(), "killed-start-"));
const storage = (name: string): string => join(home, name, "models--org--tiny");
/** Large enough to be quantized for a moment. */
const model = makeTinyModel({ model: { hiddenSize: 512, intermediateSize: 2048, numHiddenLayers: 4 } });
const weights = "model.safetensors";

let mirror: HubMirror;
beforeAll(async () => {
  // `npm test` has built it already; then this takes a moment.
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const built = spawnSync(process.execPath, [turbo, "run", "build", "--filter=diffucoder", "--ui=stream"], { cwd: root, encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
  mirror = await startHubMirror(model.dir);
}, 300_000);
afterAll(() => {
  mirror.close();
  model.remove();
  rmSync(home, { recursive: true, force: true });
});

/** Runs a chat of one message in a cache, to its end or to a moment that what it has said may show. */
function chat(cache: string, killAt?: (error: string) => boolean): Promise<{ code: number | null; out: string; error: string }> {
  const args = [command, "chat", "org/tiny", "--quantize", "int8", "--max-new-tokens", "4", "--steps", "2"];
  const env = { ...process.env, HF_HUB_CACHE: join(home, cache), HF_ENDPOINT: mirror.endpoint, HF_HUB_OFFLINE: "0" };
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  let [out, error] = ["", ""];
  child.stdin.end("Return the sum of xs.\n");
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const look = (): void => void (killAt?.(error) === true && child.kill("SIGKILL"));
  child.stderr.on("data", (chunk: Buffer) => {
    error += chunk.toString();
    look();
  });
  const looking = setInterval(look, 20);
  return new Promise((resolve) =>
    child.once("close", (code) => {
      clearInterval(looking);
      resolve({ code, out, error });
    }),
  );
}

it("goes on after it was killed, and takes no half file for a whole one", async () => {
  const undisturbed = await chat("whole");
  expect(undisturbed.code).toBe(0);
  expect(undisturbed.out.trim()).not.toBe("");
  expect(await chat("whole")).toEqual({ code: 0, out: undisturbed.out, error: "" }); // nothing to download or to quantize

  mirror.silentAfter = 1_000_000;
  const blobs = join(storage("killed"), "blobs");
  const begun = (): string[] => readdirSync(blobs).filter((name) => name.endsWith(".incomplete") && statSync(join(blobs, name)).size > 0);
  expect((await chat("killed", (error) => error.includes(`{"phase":"${weights}"`) && begun().length > 0)).code).toBeNull();
  expect(begun()).toHaveLength(1);
  expect(readdirSync(join(storage("killed"), "snapshots")).length).toBe(1);
  mirror.silentAfter = Infinity;
  mirror.requests.length = 0;

  const kept = join(storage("killed"), "diffucoder");
  // The weights' copy: the tokens are kept before, and whole.
  const files = (): string[] =>
    (existsSync(kept) ? readdirSync(kept) : []).filter((name) => name.endsWith("-int8.safetensors") || name.endsWith("-int8-panels.safetensors"));
  for (let tries = 0; tries < 5; tries++) {
    rmSync(kept, { recursive: true, force: true });
    const { code } = await chat("killed", (error) => error.includes('{"phase":"quantize"'));
    if (code === null && files().length === 0) break; // else it was faster than the signal
  }
  expect(files()).toEqual([]);
  expect(mirror.requests.filter(({ url, range }) => url.endsWith(weights) && /^bytes=[1-9]\d*-/.test(range ?? ""))).toHaveLength(1); // the rest

  mirror.requests.length = 0;
  const last = await chat("killed");
  expect([last.code, last.out]).toEqual([0, undisturbed.out]);
  expect(mirror.requests.map(({ url }) => url)).toEqual(["/api/models/org/tiny/revision/main"]);
  expect(readdirSync(kept)).toEqual(readdirSync(join(storage("whole"), "diffucoder")));
}, 300_000);

it("is one error where nothing is there and no server answers", async () => {
  mirror.silentAfter = Infinity;
  const offline = spawnSync(process.execPath, [command, "chat", "org/tiny"], {
    env: { ...process.env, HF_HUB_CACHE: join(home, "empty"), HF_ENDPOINT: "http://127.0.0.1:1" },
    encoding: "utf8",
  });
  expect([offline.status, offline.stdout]).toEqual([1, ""]);
  expect(offline.stderr).toMatch(
    /^org\/tiny is not available: http:\/\/127\.0\.0\.1:1 cannot be read \(.*\)\. What was downloaded stays: run again to resume, or set HF_HUB_OFFLINE=1 to use only what is in the cache\.\n$/,
  );
}, 300_000);
