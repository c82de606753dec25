import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { CHROMIUM_FLAGS, findChromium } from "./find-chromium.fixture.ts";
import { serve } from "./served.fixture.ts";

const executablePath = findChromium();
if (executablePath === undefined) {
  process.stderr.write("SKIPPED: the browser test of the playground, no chromium found (apt-get install chromium, or set CHROMIUM_PATH)\n");
}

// The text is markup, to show that it stays text.
const TOKENS = ["```python\n", "def", " f(", "xs", "):\n", "    return", ' "<b>x</b>"', "\n", "```\n", ""];
const ORDER = [9, 0, 2, 1, 3, 5, 4, 6, 8, 7];
const CODE = 'def f(xs):\n    return "<b>x</b>"\n';

describe.skipIf(executablePath === undefined)("the playground in a browser", () => {
  const profile = mkdtempSync(join(tmpdir(), "diffucoder-browser-"));
  let browser: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launchPersistentContext(profile, { executablePath: executablePath as string, headless: true, args: CHROMIUM_FLAGS });
    page = browser.pages()[0] ?? (await browser.newPage());
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (entry) => entry.type() === "error" && complaints.push(entry.text()));
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  /** Generous, for a machine that is busy with other things. */
  const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 20_000, interval: 20 });
  const cells = (kind: "mask" | "token") => page.locator(`.cell.${kind}`);

  it("fills the masks in the order of reveal and ends with the code", async () => {
    const engine = createFakeEngine({ tokens: TOKENS, order: ORDER, holdAt: 3 });
    const { url } = await serve(engine);
    await page.goto(url);
    await page.getByLabel("What should the function do?").fill("Return a bold x.");
    await page.getByLabel("Show").selectOption("0");
    await page.getByRole("button", { name: "Generate" }).click();

    await eventually(() => cells("token").count()).toBe(3); // it stands before the fourth step
    expect(await cells("mask").count()).toBe(7);
    expect(await cells("token").locator(".text").allTextContents()).toEqual(["```python↵", "·f(", "end"]);
    engine.resume();
    await eventually(() => page.getByRole("status").textContent()).toBe("Done: 9 tokens in 10 forward passes, 0.50 seconds.");
    await eventually(() => cells("mask").count()).toBe(0);
    expect(await page.locator(".cell .when").allTextContents()).toEqual(["2", "4", "3", "5", "7", "6", "8", "10", "9", "1"]);
    expect(await page.locator("#code").textContent()).toBe(CODE);
    expect(await page.locator("#code b").count()).toBe(0);
    expect(await page.locator("#passes").textContent()).toBe("10");
    expect(await page.locator("#per-second").textContent()).toBe("18");
    expect(engine.calls[0]).toMatchObject({ prompt: "Return a bold x.", steps: 10, alg: "entropy", temperature: 0, seed: 42 });

    const slider = page.getByRole("slider", { name: "Replay: forward pass" });
    await slider.press("Home");
    expect(await cells("mask").count()).toBe(10);
    for (let i = 0; i < 3; i++) await slider.press("ArrowRight");
    expect(await cells("token").count()).toBe(3);
    expect(await page.locator("#code").textContent()).toBe("▒ f(▒▒▒▒▒▒");
    expect(complaints).toEqual([]);
  });

  it("generates for an example and stops on request", async () => {
    const engine = createFakeEngine({ tokens: TOKENS, order: ORDER, holdAt: 3 });
    const { url } = await serve(engine);
    await page.goto(url);
    await page.getByRole("button", { name: "Return the elements of xs that are even, plus 5" }).click();
    await eventually(() => cells("token").count()).toBe(3);
    expect(engine.calls[0]?.prompt).toBe("Return the elements of xs that are even, plus 5.");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => page.getByRole("status").textContent()).toBe("Stopped.");
    await eventually(() => engine.active).toBe(0);
  });

  it("leaves out the steps for an algorithm that takes as many as it needs", async () => {
    const engine = createFakeEngine({ tokens: TOKENS, order: ORDER });
    const { url } = await serve(engine);
    await page.goto(url);
    await page.getByLabel("What should the function do?").fill("Return x.");
    await page.getByText("Settings").click();
    await page.locator("#alg").selectOption("threshold");
    expect(await page.locator("#steps").isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Generate" }).click();
    await eventually(() => engine.calls.length).toBe(1);
    expect(engine.calls[0]).toMatchObject({ prompt: "Return x.", alg: "threshold", threshold: 0.9 });
    expect(engine.calls[0]).not.toHaveProperty("steps");
    await page.locator("#alg").selectOption("entropy");
    expect(await page.locator("#steps").isDisabled()).toBe(false);
    expect(await page.locator("#threshold").isVisible()).toBe(false);
  });

  it("shows the server's complaint", async () => {
    const { url } = await serve(createFakeEngine());
    await page.goto(url);
    await page.getByLabel("What should the function do?").fill("x".repeat(2000));
    await page.getByLabel("What should the function do?").press("Control+Enter");
    await eventually(() => page.getByRole("status").textContent()).toBe("prompt must be at most 48 tokens, got 251.");
    expect(await page.locator("#prompt-hint").textContent()).toContain("At most 48 tokens");
  });

  it("lets no earlier answer stand next to an error", async () => {
    const { url } = await serve(createFakeEngine({ tokens: TOKENS, order: ORDER }));
    await page.goto(url);
    await page.getByLabel("Show").selectOption("0");
    await page.getByRole("button", { name: "Generate" }).click();
    await eventually(() => page.locator("#code").textContent()).toBe(CODE);
    expect(await page.locator("#slider-value").textContent()).toBe("pass 10 / 10");
    await page.getByLabel("What should the function do?").fill("x".repeat(2000));
    await page.getByRole("button", { name: "Generate" }).click();
    await eventually(() => page.getByRole("status").textContent()).toBe("prompt must be at most 48 tokens, got 251.");
    expect(await page.locator("#code").textContent()).toBe("");
    expect(await cells("token").count()).toBe(0);
    expect(await page.locator("#passes").textContent()).toBe("–");
    expect(await page.getByRole("button", { name: "Copy" }).isDisabled()).toBe(true);
  });

  it("says so when the model writes nothing", async () => {
    const { url } = await serve(createFakeEngine({ tokens: ["", ""], order: [0, 1] }));
    await page.goto(url);
    await page.getByRole("button", { name: "Generate" }).click();
    await eventually(() => page.getByRole("status").textContent()).toContain("The model wrote nothing: it does not know this.");
  });

  it("fits a narrow screen, with masks and with long lines", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    const tokens = Array.from({ length: 64 }, (_, i) => `long_name_${i} `);
    const { url } = await serve(createFakeEngine({ tokens, order: tokens.map((_, i) => i) }));
    await page.goto(url);
    await page.getByLabel("Show").selectOption("0");
    await page.getByRole("button", { name: "Generate" }).click();
    await eventually(() => cells("token").count()).toBe(64);
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBe(390);
    await page.getByRole("slider", { name: "Replay: forward pass" }).press("Home");
    expect(await width()).toBe(390);
  });
});
