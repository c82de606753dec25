// An npm registry on loopback that has our packed packages and hands everything else on to the registry that npm uses here:
// `npm install diffucoder` then does what it will do once the packages are published.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/**
 * @typedef {{ manifest: { name: string, version: string }, tarball: string | undefined }} PackedPackage
 *   `tarball` is a path; a package of another platform has none, since nobody downloads it
 *
 * @param {{ packages: PackedPackage[], upstream: string }} options
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function startRegistry({ packages, upstream }) {
  const byName = new Map(packages.map((each) => [each.manifest.name, each]));
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body, type }) => response.writeHead(status, { "content-type": type }).end(body),
      (error) => response.writeHead(502).end(error.message),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/`;

  async function answer({ url: path, headers }) {
    const name = decodeURIComponent(path.slice(1).split("?")[0]);
    if (name.startsWith("-packed/")) {
      const { tarball } = byName.get(name.slice("-packed/".length));
      return { status: 200, body: readFileSync(tarball), type: "application/octet-stream" };
    }
    const ours = byName.get(name);
    if (ours !== undefined) return { status: 200, body: JSON.stringify(packument(ours)), type: "application/json" };
    const theirs = await fetch(new URL(path.slice(1), upstream), { headers: { accept: headers.accept ?? "*/*" } });
    const type = theirs.headers.get("content-type") ?? "application/octet-stream";
    // Tarballs come this way as well, so that any other network request is a mistake.
    const body = type.includes("json") ? (await theirs.text()).replaceAll(upstream, url) : Buffer.from(await theirs.arrayBuffer());
    return { status: theirs.status, body, type };
  }

  function packument({ manifest, tarball }) {
    const { name, version } = manifest;
    const integrity = tarball && { integrity: `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}` };
    const dist = { tarball: `${url}-packed/${encodeURIComponent(name)}`, ...integrity };
    return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } };
  }

  return { url, close: () => server.close() };
}
