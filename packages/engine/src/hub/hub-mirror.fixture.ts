// A hub with one repository, org/tiny, on this machine.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";

export interface HubMirror {
  endpoint: string;
  /** What was asked for. */
  requests: { url: string; range: string | undefined }[];
  /** Bytes of model.safetensors after which it falls silent, and leaves the connection open. */
  silentAfter: number;
  close: () => void;
}

/** Serves the files of a folder, in parts on request. */
export async function startHubMirror(folder: string): Promise<HubMirror> {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const server = createServer((request, response) => {
    const { url = "", headers } = request;
    mirror.requests.push({ url, range: headers.range });
    if (url.startsWith("/api/models/org/tiny/")) {
      response.end(JSON.stringify({ sha: COMMIT, siblings: [...files.keys()].map((rfilename) => ({ rfilename })) }));
      return;
    }
    const name = url.slice(`/org/tiny/resolve/${COMMIT}/`.length);
    const content = files.get(name);
    if (content === undefined) response.writeHead(404).end();
    else sendPart(response, content, { range: headers.range, silentAfter: name.endsWith(".safetensors") ? mirror.silentAfter : Infinity });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const mirror: HubMirror = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    silentAfter: Infinity,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return mirror;
}

function sendPart(response: ServerResponse, content: Buffer, { range, silentAfter }: { range: string | undefined; silentAfter: number }): void {
  const [start = 0, end = content.length - 1] = (range?.match(/\d+/g) ?? []).map(Number);
  response.writeHead(range === undefined ? 200 : 206, {
    "Content-Range": `bytes ${start}-${end}/${content.length}`,
    "Content-Length": end + 1 - start,
    ETag: `"${createHash("sha256").update(content).digest("hex")}"`,
  });
  const part = content.subarray(start, end + 1);
  if (part.length <= silentAfter) response.end(part);
  else response.write(part.subarray(0, silentAfter));
}
