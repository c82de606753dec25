import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, saveModel } from "@diffucoder/model";
import { onnxExecutor, readSafetensors, weightLayout, writeSafetensors } from "@diffucoder/tensor";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { COMMIT, type HubMirror, startHubMirror } from "../hub/hub-mirror.fixture.ts";
import { loadDiffuCoder, type LoadDiffuCoderOptions } from "../index.ts";
import { makeTinyModel } from "../tiny-model.fixture.ts";

const model = makeTinyModel({ model: { hiddenSize: 32, intermediateSize: 64 } });
let mirror: HubMirror;
beforeAll(async () => {
  mirror = await startHubMirror(model.dir);
});
afterAll(() => {
  mirror.close();
  model.remove();
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "quantized-copy-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const storage = (): string => join(home, "hub", "models--org--tiny");
const kept = (): string => join(storage(), "diffucoder");
/** Names of what is kept besides the tokenizer. */
const copies = (): string[] => readdirSync(kept()).filter((name) => !name.endsWith("-tokenizer.safetensors"));
const copy = (): string =>
  join(
    kept(),
    copies().find((name) => name.endsWith(".safetensors"))!,
  );

/** Loads the repository, and says what was done on the way. */
async function start(options: LoadDiffuCoderOptions = {}, environment: Record<string, string> = {}) {
  const phases = new Set<string>();
  const coder = await loadDiffuCoder("org/tiny", {
    quantize: "int8",
    environment: { HF_HOME: home, HF_ENDPOINT: mirror.endpoint, ...environment },
    onProgress: ({ phase }) => void phases.add(phase),
    ...options,
  });
  await coder.close();
  const { parameters, quantization, notices, config } = coder;
  return { parameters, quantization, notices, config, quantized: phases.has("quantize") };
}

describe("the quantized weights of a download", () => {
  it.each(["int8", "int4"] as const)("are made once and kept beside it: %s", async (quantize) => {
    const first = await start({ quantize });
    expect(first).toMatchObject({ quantization: quantize, quantized: true, notices: [] });
    expect(copies()[0]).toMatch(new RegExp(`^${COMMIT}-${quantize}(-panels)?\\.safetensors$`));
    expect(await start({ quantize })).toEqual({ ...first, quantized: false });
    const ofFolder = await loadDiffuCoder(model.dir, { quantize });
    expect(first.parameters).toEqual(ofFolder.parameters);
    await ofFolder.close();
  });

  it("are laid out once where the download is quantized already and there are kernels", async () => {
    const own = mkdtempSync(join(tmpdir(), "quantized-"));
    cpSync(model.dir, own, { recursive: true });
    saveModel(own, await loadModel(own, { quantize: "int8" }));
    const hub = await startHubMirror(own);
    const hasKernels = weightLayout(await onnxExecutor()) !== undefined;
    const first = await start({ endpoint: hub.endpoint, quantize: undefined });
    expect(first).toMatchObject({ quantization: "int8", quantized: false, notices: [] });
    expect(copies().length > 0).toBe(hasKernels);
    expect(await start({ endpoint: hub.endpoint, quantize: undefined })).toEqual(first);
    hub.close();
    rmSync(own, { recursive: true });
  });

  it("differ by their method, and are not made of a folder that is no download, or where nobody asks", async () => {
    await start({ quantize: "int4" });
    expect(await start({ quantize: "int8" })).toMatchObject({ quantized: true });
    expect(copies()).toHaveLength(2);
    expect(await start({ quantize: "none" })).toMatchObject({ quantization: undefined, quantized: false });
    expect(await start({ quantize: undefined })).toMatchObject({ quantization: undefined, quantized: false }); // it is small
    await (await loadDiffuCoder(model.dir, { quantize: "int8" })).close();
    expect(readdirSync(model.dir).toSorted()).toEqual(["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]);
  });

  it("are made again where the file is cut off, damaged, another model's or of another version, and what was left of a start is removed", async () => {
    const first = await start();
    const path = copy();
    const good = readFileSync(path);
    const { arrays, metadata } = readSafetensors(path);
    const { "model.norm.weight": _, ...rest } = arrays;
    const replace = (bytes: Uint8Array): void => {
      rmSync(path); // what has been mapped stays as it was
      writeFileSync(path, bytes);
    };
    const about = JSON.parse(metadata["diffucoder"]!) as object;
    for (const damage of [
      () => replace(good.subarray(0, -100)),
      () => replace(Buffer.of()),
      () => writeSafetensors(path, arrays),
      () => writeSafetensors(path, rest, { metadata }),
      () => writeSafetensors(path, arrays, { metadata: { diffucoder: JSON.stringify({ ...about, version: 0 }) } }),
    ]) {
      damage();
      copyFileSync(path, `${path}.tmp-12345`);
      expect(await start()).toEqual(first);
      expect(readFileSync(path).equals(good)).toBe(true);
      expect(existsSync(`${path}.tmp-12345`)).toBe(false);
    }
  });

  it("are made by one of two processes that start together", async () => {
    const both = await Promise.all([start(), start()]);
    expect(both.filter(({ quantized }) => quantized)).toHaveLength(1);
    expect(both[0].parameters).toEqual(both[1].parameters);
  });

  it("stay in memory where they cannot be kept, with a word", async () => {
    await start({ quantize: "none" });
    rmSync(kept(), { recursive: true });
    writeFileSync(kept(), "");
    const { notices, parameters } = await start();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^the quantized weights could not be kept and are made again at the next start: .*ENOTDIR/);
    rmSync(kept());
    rmSync(join(home, "hub", ".locks"), { recursive: true });
    writeFileSync(join(home, "hub", ".locks"), "");
    const locked = await start();
    expect(locked.notices[0]).toMatch(/^the quantized weights could not be kept and are made again at the next start: .*(ENOTDIR|EEXIST)/);
    expect(locked.parameters).toEqual(parameters);
  });

  it("are not begun, or not finished, when they are not wanted any more", async () => {
    await start({ quantize: "none" });
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }): void => void (phase === "quantize" && stop.abort());
    await expect(start({ signal: stop.signal, onProgress })).rejects.toMatchObject({ code: "ABORTED" });
    expect(copies()).toEqual([]);
  });

  it("and the download are all that a start without a network needs", async () => {
    const first = await start();
    mirror.requests.length = 0;
    expect(await start({}, { HF_HUB_OFFLINE: "1" })).toEqual({ ...first, quantized: false });
    expect(mirror.requests).toEqual([]);
    const said: string[] = [];
    const unreached = await start({ onNotice: (notice) => said.push(notice) }, { HF_ENDPOINT: "http://127.0.0.1:1" });
    expect(unreached).toEqual({ ...first, quantized: false });
    expect(said).toEqual(["http://127.0.0.1:1 cannot be reached: org/tiny is what was downloaded before, which may have been replaced since"]);
    rmSync(join(storage(), "snapshots", COMMIT, "model.safetensors"));
    await expect(start({}, { HF_ENDPOINT: "http://127.0.0.1:1" })).rejects.toThrow(
      /^org\/tiny is not available: http:\/\/127\.0\.0\.1:1 cannot be read/,
    );
    await expect(start({}, { HF_HUB_OFFLINE: "1" })).rejects.toThrow(
      `org/tiny at main is not available: ${storage()} does not hold it, and HF_HUB_OFFLINE forbids to download it. Run once without HF_HUB_OFFLINE.`,
    );
  });

  it("know whether the head was tied after all", async () => {
    const other = makeTinyModel({ model: { hiddenSize: 32, intermediateSize: 64 } });
    const file = join(other.dir, "model.safetensors");
    const { arrays } = readSafetensors(file);
    const head = arrays["model.embed_tokens.weight"]!.clone();
    head.data[3] = 7;
    writeSafetensors(file, { ...arrays, "lm_head.weight": head });
    const hub = await startHubMirror(other.dir);
    const first = await start({ endpoint: hub.endpoint });
    expect([first.config.tieWordEmbeddings, first.notices.length]).toEqual([false, 1]);
    expect(await start({ endpoint: hub.endpoint })).toEqual({ ...first, quantized: false });
    hub.close();
    other.remove();
  });
});
