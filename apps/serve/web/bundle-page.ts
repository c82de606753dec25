import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The page as one HTML file: script and style are bundled, made small and put inline. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("main.tsx", import.meta.url))],
    outdir: "out",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "none",
  });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return readFileSync(new URL("page.html", import.meta.url), "utf8")
    .replace("<!-- style -->", () => `<style>${textOf(".css")}</style>`)
    .replace("<!-- script -->", () => `<script type="module">${textOf(".js")}</script>`);
}
