import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundlePage } from "../web/bundle-page.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { pageOf } from "./page.ts";
import { serve } from "./served.fixture.ts";

it("sends one page that loads nothing else and runs no other script", async () => {
  const { url } = await serve(createFakeEngine(), { page: pageOf(await bundlePage()) });
  const response = await fetch(url);
  const html = await response.text();
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'sha256-[\w+/]+='; style-src 'sha256-[\w+/]+=';/);
  expect(response.headers.get("content-security-policy")).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).not.toMatch(/(src|href)="(?!data:)/);
  expect(html.match(/<script/g)).toHaveLength(1);
  expect(gzipSync(html).length).toBeLessThan(30_000);
});

it("writes no HTML from text", () => {
  const folder = new URL("../web/", import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  expect(sources.length).toBeGreaterThan(20);
  for (const name of sources)
    expect(readFileSync(new URL(name, folder), "utf8"), name).not.toMatch(/InnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
});
