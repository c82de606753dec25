import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The playground: one HTML file, and the headers under which a browser may run its script and nothing else. */
export interface Page {
  html: string;
  headers: Record<string, string>;
}

const PAGE_FILE = new URL("../public/index.html", import.meta.url);

/** Reads the page from disk. Its inline script and style are allowed by their hashes, so injected ones do not run. */
export function loadPage(): Page {
  const html = readFileSync(PAGE_FILE, "utf8");
  const policy = [
    "default-src 'none'",
    `script-src ${inlineHashes(html, "script")}`,
    `style-src ${inlineHashes(html, "style")}`,
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return {
    html,
    headers: {
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    },
  };
}

function inlineHashes(html: string, tag: "script" | "style"): string {
  const blocks = [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))];
  return blocks
    .map(
      ([, content]) =>
        `'sha256-${createHash("sha256")
          .update(content as string)
          .digest("base64")}'`,
    )
    .join(" ");
}
