// What a hub, a mirror of it or a proxy before it may answer, and what becomes of it.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { downloadModel } from "./hub.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const content = Buffer.from(JSON.stringify({ model_type: "Dream", text: "x".repeat(5000) }));
const hash = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
const sha256 = createHash("sha256").update(content).digest("hex");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const listing: Answer = (_, response) => response.end(JSON.stringify({ sha: commit, siblings: [{ rfilename: "config.json" }, null, {}] }));
/** A file as a plain web server sends it: always whole. */
const whole =
  (headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(200, { ETag: `"${hash}"`, ...headers }).end(content);

const hub = { list: listing, file: whole(), requests: [] as { url: string; range: string | undefined; authorization: string | undefined }[] };

let servers: Server[];
let [endpoint, elsewhere]: [string, string] = ["", ""];
const seenElsewhere: IncomingMessage["headers"][] = [];
const listen = async (answer: Answer): Promise<[Server, string]> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
};
beforeAll(async () => {
  const [one, oneUrl] = await listen((request, response) => {
    const { url = "", headers } = request;
    hub.requests.push({ url, range: headers.range, authorization: headers.authorization });
    (url.includes("/api/") ? hub.list : hub.file)(request, response);
  });
  const [other, otherUrl] = await listen((request, response) => {
    seenElsewhere.push(request.headers);
    response.writeHead(200, { ETag: '"of-elsewhere"' }).end(content);
  });
  servers = [one, other];
  [endpoint, elsewhere] = [oneUrl, otherUrl];
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hub-servers-"));
  Object.assign(hub, { list: listing, file: whole(), requests: [] });
  seenElsewhere.length = 0;
});
afterEach(() => rmSync(home, { recursive: true }));

const download = (environment: Record<string, string> = {}, more: object = {}) =>
  downloadModel({ repo: "org/tiny", environment: { HOME: home, HF_ENDPOINT: endpoint, ...environment }, ...more });
const downloaded = async (environment?: Record<string, string>): Promise<boolean> =>
  readFileSync(join(await download(environment), "config.json")).equals(content);
const page: Answer = (_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>Log in</html>");

/** Answers busily at first. */
const after =
  (times: number, status: number, headers: Record<string, string>, then: Answer): Answer =>
  (request, response) =>
    times-- > 0 ? response.writeHead(status, headers).end() : then(request, response);

describe("a server that answers otherwise than the hub", () => {
  it("with a web page is named, for the list and for a file", async () => {
    hub.list = page;
    await expect(download()).rejects.toThrow(
      `org/tiny is not available: ${endpoint}/api/models/org/tiny/revision/main answers with a web page. Check HF_ENDPOINT; a proxy or a login page may answer in its place.`,
    );
    Object.assign(hub, { list: listing, file: page });
    await expect(download()).rejects.toThrow(
      `org/tiny/config.json is not available: ${endpoint}/org/tiny/resolve/${commit}/config.json answers with`,
    );
  });

  it.each(["<html>", "", "[]", "null", "1"])("with %j for a list is named", async (text) => {
    hub.list = (_, response) => response.end(text);
    await expect(download()).rejects.toThrow(
      `org/tiny is not available: ${endpoint}/api/models/org/tiny/revision/main should answer with a JSON object, got ${JSON.stringify(text)}.`,
    );
  });

  it.each([
    [{ sha: "main", siblings: [] }, "names no commit for the revision main"],
    [{ sha: commit }, "lists no model files for the revision main"],
    [{ sha: commit, siblings: [{ rfilename: 1 }, { rfilename: "../config.json" }] }, "lists no model files for the revision main"],
  ])("with the list %j is named", async (list, problem) => {
    hub.list = (_, response) => response.end(JSON.stringify(list));
    await expect(download()).rejects.toThrow(`org/tiny is not available: ${endpoint} ${problem}.`);
  });

  it("packs what it sends", async () => {
    hub.list = (_, response) =>
      response
        .writeHead(200, { "Content-Encoding": "gzip" })
        .end(gzipSync(JSON.stringify({ sha: commit, siblings: [{ rfilename: "config.json" }] })));
    hub.file = (_, response) => response.writeHead(200, { ETag: `W/"${hash}"`, "Content-Encoding": "gzip" }).end(gzipSync(content));
    expect(await downloaded()).toBe(true);
  });

  it("knows no ranges, also when a download resumes", async () => {
    hub.file = (request, response) => {
      response.writeHead(200, { ETag: `"${hash}"`, "Content-Length": content.length });
      if (request.headers.range !== undefined) return response.end(content);
      response.write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 300)); // what came is on the disk by then
    };
    await expect(download()).rejects.toThrow(/cannot be read .* run again to resume/);
    hub.file = whole({ "Content-Length": String(content.length) });
    expect(await downloaded()).toBe(true);
    expect(hub.requests.some(({ range }) => range === `bytes=1000-${content.length - 1}`)).toBe(true);
  });

  it("gives another part than was asked for", async () => {
    const partial = join(home, ".cache/huggingface/hub/models--org--tiny/blobs", `${hash}.diffucoder.incomplete`);
    hub.file = (request, response) => {
      response.writeHead(200, { ETag: `"${hash}"`, "Content-Length": content.length });
      if (request.headers.range !== undefined) return response.end(content);
      response.write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 300)); // what came is on the disk by then
    };
    await expect(download()).rejects.toThrow("cannot be read");
    expect(readFileSync(partial)).toHaveLength(1000);
    hub.file = (request, response) => {
      if (request.headers.range === undefined) return whole()(request, response);
      response.writeHead(206, { ETag: `"${hash}"`, "Content-Range": `bytes 0-0/${content.length}` }).end(content.subarray(0, 1));
    };
    expect(await downloaded()).toBe(true);
  });

  it("sends more than it said", async () => {
    hub.file = (_, response) => response.writeHead(200, { ETag: `"${hash}"`, "X-Linked-Size": "10" }).end(content);
    await expect(download()).rejects.toThrow(/config\.json sends more than the 10 bytes that it has\.$/);
  });

  it.each(["-5", "1e3", "0x10", "99999999999999999999", "many"])("names the size %s", async (size) => {
    hub.file = whole({ "X-Linked-Size": size });
    await expect(download()).rejects.toThrow(
      `org/tiny/config.json is not available: ${endpoint}/org/tiny/resolve/${commit}/config.json gives the size "${size}", which is not a number.`,
    );
  });

  it.each([`${hash}-gzip`, hash.toUpperCase()])("writes the hash as %s", async (etag) => {
    hub.file = whole({ ETag: `W/"${etag}"` });
    expect(await downloaded()).toBe(true);
  });

  it("lists a file that it does not have", async () => {
    hub.file = (_, response) => response.writeHead(404).end();
    await expect(download()).rejects.toThrow(`${endpoint}/org/tiny/resolve/${commit}/config.json answers 404: there is no such file.`);
  });

  it.each(["abc", "d41d8cd98f00b204e9800998ecf8427e", "../../evil", ""])("names %j for a hash", async (etag) => {
    hub.file = whole({ ETag: `"${etag}"` });
    await expect(download()).rejects.toThrow(
      `org/tiny/config.json is not available: ${endpoint}/org/tiny/resolve/${commit}/config.json names no SHA-256 and no git hash for it but ${JSON.stringify(etag)}. A file that cannot be verified is not used; choose another endpoint.`,
    );
    expect(existsSync(join(home, ".cache/huggingface/hub/models--org--tiny/blobs"))).toBe(false);
  });
});

describe("a server that is busy", () => {
  it.each([429, 500, 502, 503, 504])("with %d is asked again, after what it says", async (status) => {
    hub.list = after(1, status, { "Retry-After": "0" }, listing);
    hub.file = after(2, status, { "Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT", Date: "Thu, 01 Jan 2026 00:00:00 GMT" }, whole());
    expect(await downloaded()).toBe(true);
  });

  it("for good, or for too long, is named", async () => {
    hub.list = after(Infinity, 429, { "Retry-After": "0" }, listing);
    await expect(download()).rejects.toThrow(
      `org/tiny is not available: ${endpoint} answers 429: there were too many requests. What was downloaded stays: run again in 0 s or later.`,
    );
    expect(hub.requests).toHaveLength(5);
    hub.requests = [];
    hub.list = after(Infinity, 503, { "Retry-After": "3600" }, listing);
    await expect(download()).rejects.toThrow("run again in 3600 s or later.");
    expect(hub.requests).toHaveLength(1);
  });

  it("is not waited for when the download is stopped", async () => {
    hub.list = after(Infinity, 429, { "Retry-After": "60" }, listing);
    await expect(download({}, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a redirect", () => {
  const to =
    (location: string, headers: Record<string, string> = {}): Answer =>
    (_, response) =>
      response.writeHead(302, { Location: location, ...headers }).end();

  it("to another place is followed without the token, and the hub's own hash counts", async () => {
    hub.file = (request, response) =>
      to(`${elsewhere}/blob?signed=1`, { "X-Linked-ETag": `"${sha256}"`, "X-Linked-Size": String(content.length) })(request, response);
    expect(await downloaded({ HF_TOKEN: "secret" })).toBe(true);
    expect(hub.requests.map(({ authorization }) => authorization)).toEqual(["Bearer secret", "Bearer secret", "Bearer secret"]);
    expect(seenElsewhere.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  });

  it("to another place without the hub's hash is not taken", async () => {
    hub.file = (request, response) => to(`${elsewhere}/blob`)(request, response);
    await expect(download()).rejects.toThrow(`${elsewhere}/blob names no SHA-256 and no git hash for it.`);
  });

  it.each([
    ["file:///etc/passwd", "redirects to file:/etc/passwd, which is not an http address"],
    ["http://", 'redirects to "http://", which is not an http address'],
    ["/again", "redirects more than 5 times"],
    ["http://user:secret@127.0.0.1:1/x", "redirects to http://127.0.0.1:1/x, which is not an http address without a password."],
  ])("to %s is named", async (location, problem) => {
    hub.file = to(location);
    await expect(download()).rejects.toThrow(problem);
  });

  it("to nobody is named", async () => {
    hub.list = to("http://127.0.0.1:1/x");
    await expect(download()).rejects.toThrow(/^org\/tiny is not available: http:\/\/127\.0\.0\.1:\d+ cannot be read \(/);
  });
});

describe("tokens, folders and addresses", () => {
  it.each(["hf_x", "secret", "github_pat_1", " padded\n"])("take the token %j", async (token) => {
    expect(await downloaded({ HF_TOKEN: token })).toBe(true);
    expect(hub.requests[0]?.authorization).toBe(`Bearer ${token.trim()}`);
  });

  it("name a token that no header can carry, without showing it", async () => {
    await expect(download({ HF_TOKEN: "se cret" })).rejects.toThrow('token must be of printable ASCII characters without spaces, got "...".');
    await download({ HF_TOKEN: "" });
    expect(hub.requests[0]?.authorization).toBeUndefined();
  });

  it.each([
    [{ HF_HOME: "~/x" }, "x/hub"],
    [{ HF_HOME: "$HOME/y" }, "y/hub"],
    [{ HF_HUB_CACHE: "~/z" }, "z"],
    [{ XDG_CACHE_HOME: "~/c", HF_HOME: "" }, "c/huggingface/hub"],
    [{}, ".cache/huggingface/hub"],
  ])("expand ~ and variables in %j", async (environment, folder) => {
    expect(await download(environment)).toBe(join(home, folder, "models--org--tiny", "snapshots", commit));
  });

  it("refuse the home of others, and an endpoint that is none", async () => {
    await expect(download({ HF_HOME: "~bob/x" })).rejects.toThrow(
      'HF_HOME must be a folder; of home folders only your own can be written as ~, got "~bob/x".',
    );
    for (const address of ["huggingface.co", "ftp://x", "http://x?y=1"])
      await expect(download({ HF_ENDPOINT: address })).rejects.toThrow(
        `endpoint must be an http or https address, such as https://huggingface.co, got ${JSON.stringify(address)}.`,
      );
  });

  it("take an endpoint with a path and slashes", async () => {
    expect(await downloaded({ HF_ENDPOINT: `${endpoint}/mirror//` })).toBe(true);
    expect(hub.requests[0]?.url).toBe("/mirror/api/models/org/tiny/revision/main");
  });
});

describe("several downloads into one cache", () => {
  it("of one model fetch it once", async () => {
    const folders = await Promise.all([1, 2, 3].map(() => download()));
    expect(new Set(folders).size).toBe(1);
    expect(hub.requests.filter(({ url }) => url.includes("/resolve/"))).toHaveLength(2); // what it is, and the file
    expect(readdirSync(join(home, ".cache/huggingface/hub/models--org--tiny/blobs"))).toEqual([hash]);
  });
});
