// What workers fetch from the trainer: whole, from where it was cut off, and never what its hash does not say.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { servedFiles } from "./content-files.ts";
import { fetchContent } from "./fetch-content.ts";

const folder = mkdtempSync(join(tmpdir(), "fetch-content-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("weights come over HTTP whole, from where they were cut off, to those who know the token; others' are never used", async () => {
  const path = join(folder, "some.bin");
  writeFileSync(path, Buffer.alloc(100_000, 7));
  const files = await servedFiles("127.0.0.1:0");
  const sha256 = await files.add(path);
  const where = files.where as { url: string; token: string };
  expect(readFileSync(await fetchContent(sha256, { where, folder: join(folder, "f1") })).equals(readFileSync(path))).toBe(true);

  const { url, token } = where;
  const ask = (headers: Record<string, string>): Promise<Response> => fetch(`${url}/${sha256}`, { headers });
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: "Bearer x" })).status).toBe(401);
  const part = await ask({ authorization: `Bearer ${token}`, range: "bytes=99000-" });
  expect([part.status, part.headers.get("content-range"), (await part.arrayBuffer()).byteLength]).toEqual([206, "bytes 99000-99999/100000", 1000]);

  const to = join(folder, "f2");
  await expect(fetchContent(sha256, { where: { url, token: "x" }, folder: to })).rejects.toThrow(
    `The trainer's file ${sha256.slice(0, 12)} is not available: the trainer answered 401`,
  );
  writeFileSync(path, Buffer.alloc(100_000, 8));
  await expect(fetchContent(sha256, { where, folder: to })).rejects.toThrow("what came is not what its hash says");
  files.close();
});

it("weights that stop halfway are asked for from there", async () => {
  const content = Buffer.from("weights".repeat(1000));
  const sha256 = createHash("sha256").update(content).digest("hex");
  const ranges: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    ranges.push(headers.range);
    const start = Number(/\d+/.exec(headers.range ?? "0")![0]);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": content.length - start });
    if (start > 0) response.end(content.subarray(start));
    else response.write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const path = await fetchContent(sha256, { where: { url: `http://127.0.0.1:${port}`, token: "t" }, folder: join(folder, "f3") });
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(ranges).toEqual([undefined, "bytes=1000-"]);
  server.close();
});
