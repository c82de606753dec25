import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The playground: one HTML file, and the headers under which a browser may run its script and nothing else. */
export interface Page {
  readonly html: string;
  readonly headers: Record<string, string>;
}

const BUILT = new URL("../dist/page.html", import.meta.url);

/** The page that the build made of `web/`. It is read when it is first asked for, so that a server without a build serves all the rest. */
export function loadPage(): Page {
  let page: Page | undefined;
  const read = (): Page => (page ??= pageOf(readFileSync(BUILT, "utf8")));
  return {
    get html() {
      return read().html;
    },
    get headers() {
      return read().headers;
    },
  };
}

/** A page of this HTML. Its inline script and style are allowed by their hashes, so injected ones do not run. */
export function pageOf(html: string): Page {
  const policy = [
    "default-src 'none'",
    `script-src ${inlineHashes(html, "script")}`,
    `style-src ${inlineHashes(html, "style")}`,
    "img-src data:",
    "connect-src 'self'",
    "require-trusted-types-for 'script'", // nothing can be written as HTML, whatever a model says
    "trusted-types 'none'",
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
  const blocks = [...html.matchAll(new RegExp(`<${tag}(?: type="module")?>([\\s\\S]*?)</${tag}>`, "g"))];
  if (blocks.length === 0) return "'none'";
  return blocks.map(([, content]) => `'sha256-${createHash("sha256").update(content!).digest("base64")}'`).join(" ");
}
