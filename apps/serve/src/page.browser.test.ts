import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundlePage } from "../web/bundle-page.ts";
import { createFakeEngine, type FakeEngine } from "./fake-engine.fixture.ts";
import { CHROMIUM_FLAGS, findChromium } from "./find-chromium.fixture.ts";
import { pageOf } from "./page.ts";
import { serveUntilClosed } from "./served.fixture.ts";
import type { TestRuns } from "./test-runs.ts";

const executablePath = findChromium();
if (executablePath === undefined) {
  process.stderr.write("SKIPPED: the browser test of the playground, no chromium found (apt-get install chromium, or set CHROMIUM_PATH)\n");
}

// The text is markup, to show that it stays text.
const TOKENS = ["```python\n", "def", " f(", "xs", "):\n", "    return", ' "<b>x</b>"', "\n", "```\n", ""];
const ORDER = [9, 0, 2, 1, 3, 5, 4, 6, 8, 7];
const CODE = 'def f(xs):\n    return "<b>x</b>"\n';

const ISOLATION = { level: "bubblewrap", description: "a sandbox of the test" };
const REPORT = {
  isolation: ISOLATION,
  parses: true,
  verdicts: [
    { verdict: "pass", call: "f([1])", expected: "1", got: "1" },
    { verdict: "wrong", call: "f([])", expected: "0", got: "'<b>'" },
  ],
};

describe.skipIf(executablePath === undefined)("the playground in a browser", () => {
  const profile = mkdtempSync(join(tmpdir(), "diffucoder-browser-"));
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
  const tested: { id: string; code: string }[] = [];
  const tests = {
    refusal: undefined,
    run: async ({ id }: { id: string }, code: string) => {
      tested.push({ id, code });
      return REPORT;
    },
  } as unknown as TestRuns;
  // One server and one browser; each test puts its own model behind the server.
  let engine: FakeEngine;
  const served: FakeEngine = new Proxy({} as FakeEngine, { get: (_, name) => Reflect.get(engine, name) as unknown });
  let server: { url: string; close: () => Promise<void> };
  let browser: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    engine = createFakeEngine({ scope: "It knows lists." });
    server = await serveUntilClosed(served, { page: pageOf(await bundlePage()), tests });
    browser = await chromium.launchPersistentContext(profile, { executablePath: executablePath!, headless: true, args: CHROMIUM_FLAGS });
    page = browser.pages()[0] ?? (await browser.newPage());
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (entry) => entry.type() === "error" && !entry.text().includes("400 (Bad Request)") && complaints.push(entry.text()));
  });
  beforeEach(() => void complaints.splice(0));
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  /** Generous, for a machine that is busy with other things. */
  const eventually = <T>(value: () => T) => expect.poll(value, { timeout: 20_000, interval: 20 });
  const first = () => page.locator('[data-run="first"]');
  const cells = (kind: "mask" | "token" | "given") => first().locator(`.board:not(.idle) .cell.${kind}`);
  const prompt = () => page.getByLabel("What should the function do?");
  const status = () => first().getByRole("status").first().textContent();
  const generate = () => page.getByRole("button", { name: "Generate" }).click();
  const width = () => page.evaluate(() => document.documentElement.scrollWidth);

  /** A page of its own, with nothing of the one before. */
  async function open(options: Parameters<typeof createFakeEngine>[0] = {}, { fragment = "", atOnce = true } = {}): Promise<void> {
    engine = createFakeEngine({ tokens: TOKENS, order: ORDER, scope: "It knows lists.", ...options });
    await page.goto("about:blank");
    await page.goto(`${server.url}/${fragment}`);
    await page.locator(".known .tasks button").first().waitFor();
    if (atOnce) await page.getByLabel("Show").selectOption("0");
  }

  async function violations(): Promise<string[]> {
    await page.evaluate(`${axe}; undefined`);
    const found = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
  }

  it("fills the masks in the order of reveal and ends with the code", async () => {
    await open({ holdAt: 3 });
    await prompt().fill("Return a bold x.");
    await generate();

    await eventually(() => cells("token").count()).toBe(3); // it stands before the fourth step
    expect(await cells("mask").count()).toBe(7);
    expect(await cells("token").locator(".text").allTextContents()).toEqual(["```python↵", "·f(", "end"]);
    engine.resume();
    await eventually(status).toBe("Done: 9 tokens in 10 forward passes, 0.50 seconds.");
    await eventually(() => cells("mask").count()).toBe(0);
    expect(await cells("token").locator(".when").allTextContents()).toEqual(["2", "4", "3", "5", "7", "6", "8", "10", "9", "1"]);
    expect(await first().locator("pre").textContent()).toBe(CODE);
    expect(await first().locator("pre b").count()).toBe(0);
    expect(await first().locator(".figures .number").allTextContents()).toEqual(["10", "0 %", "0.50 s", "9", "42"]);
    expect(await first().locator(".figures .note").allTextContents()).toContain("18 a second");
    expect(engine.calls[0]).toMatchObject({ prompt: "Return a bold x.", steps: 10, alg: "entropy", temperature: 0, seed: 42, provisional: true });
    expect(complaints).toEqual([]);
    const writesHtml = () => page.evaluate("try { document.body.innerHTML = '<b>'; 'written' } catch (error) { error.name }");
    expect(await writesHtml()).toBe("TypeError"); // the page's policy stops whatever would make HTML of a text
  });

  it("goes back over the steps, with what each pass would have put into the masks", async () => {
    await open();
    await generate();
    await eventually(() => cells("mask").count()).toBe(0);
    const slider = page.getByRole("slider", { name: "Replay: step" });
    await slider.press("Home");
    expect(await cells("mask").count()).toBe(10);
    for (let i = 0; i < 3; i++) await slider.press("ArrowRight");
    expect(await cells("token").count()).toBe(3);
    expect(await first().locator("pre").textContent()).toBe("▒ f(▒▒▒▒▒▒");
    expect(await slider.getAttribute("aria-valuetext")).toBe("pass 3 / 10");
    expect(await cells("mask").first().locator(".hidden").textContent()).toBe("position 2: masked; the last pass proposed def, confidence 0.50");
  });

  it("tells every position's step and confidence to the keyboard and to a finger", async () => {
    await open();
    await generate();
    await eventually(status).toContain("Done");
    const detail = () => first().locator(".detail").textContent();
    await cells("token").first().focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(() => document.activeElement?.querySelector(".hidden")?.textContent)).toBe(
      "position 2: def, pass 4, confidence 0.74, entropy 0.30 nats",
    );
    expect(await first().locator('.cell[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press("End");
    expect(await detail()).toBe("Position 10 end of the answer, pass 1, confidence 1.00, entropy 0.00 nats");
    await cells("token").nth(2).dispatchEvent("click");
    expect(await detail()).toBe("Position 3 f(, pass 3, confidence 0.82, entropy 0.20 nats");
  });

  it("shows how close the order was to left to right", async () => {
    await open();
    await generate();
    await eventually(() => first().locator(".order tbody tr").first().textContent()).toMatch(/^1\d+ %\d+ %\d+ %$/);
    expect(await first().locator("canvas").getAttribute("aria-label")).toContain("pass 1: 10; pass 2: 1; pass 3: 3");
  });

  it("generates for a task and stops on request", async () => {
    await open({ holdAt: 3 });
    const task = page.locator(".known button").first();
    const text = await task.textContent();
    await task.click();
    await eventually(() => cells("token").count()).toBe(3);
    expect(engine.calls[0]?.prompt).toBe(text);
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(status).toBe("Stopped.");
    await eventually(() => engine.active).toBe(0);
  });

  it("leaves out the steps for an algorithm that takes as many as it needs", async () => {
    await open();
    await page.getByText("Settings").click();
    await page.locator("#alg").selectOption("threshold");
    expect(await page.locator("#steps").count()).toBe(0);
    await generate();
    await eventually(() => engine.calls.length).toBe(1);
    expect(engine.calls[0]).toMatchObject({ alg: "threshold", threshold: 0.9 });
    expect(engine.calls[0]).not.toHaveProperty("steps");
    await page.locator("#alg").selectOption("entropy");
    expect(await page.locator("#steps").count()).toBe(1);
    expect(await page.locator("#threshold").count()).toBe(0);
  });

  it("lets no earlier answer stand next to an error, and says what is known instead", async () => {
    await open();
    await generate();
    await eventually(() => first().locator("pre").textContent()).toBe(CODE);
    await prompt().fill("x".repeat(2000));
    await prompt().press("Control+Enter");
    await eventually(status).toBe("prompt must be at most 48 tokens, got 251.");
    expect(await first().locator(".instead").textContent()).toMatch(/^The model knows these:.*xs/);
    expect(await page.locator("#prompt-hint").textContent()).toContain("At most 48 tokens");
    expect(await first().locator("pre").textContent()).toBe("");
    expect(await cells("token").count()).toBe(0);
    expect(await first().locator(".figures .number").first().textContent()).toBe("–");
    expect(await page.getByRole("button", { name: "Copy", exact: true }).isDisabled()).toBe(true);
  });

  it("says before it is asked which words the model never met, and offers tasks of its test split", async () => {
    await open();
    await prompt().fill("checks whether a string is a palindrome");
    expect(await page.locator(".strange").textContent()).toContain("“string” or “palindrome”: expect something else, or nothing.");
    await prompt().fill("Return the elements of xs that are even, squared.");
    expect(await page.locator(".strange").textContent()).toBe("");
    expect(await page.locator(".known button").first().textContent()).toMatch(/even|squared/);
  });

  it("says so when the model writes nothing", async () => {
    await open({ tokens: ["", ""], order: [0, 1] });
    await generate();
    await eventually(() => first().locator(".instead").textContent()).toContain("The model wrote nothing: it does not know this.");
  });

  it("runs a task's tests on the answer, with a verdict for each", async () => {
    await open();
    const run = page.getByRole("button", { name: "Run the tests" });
    expect(await run.isDisabled()).toBe(true);
    await page.locator(".known button").first().click();
    await eventually(() => run.isEnabled()).toBe(true);
    await run.click();
    await eventually(() => page.locator(".tests .verdict").textContent()).toBe("1 of 2 tests pass.");
    expect(tested.at(-1)).toMatchObject({ code: CODE, id: expect.stringMatching(/^tinycode\//) });
    expect(await page.locator(".tests tbody tr").allTextContents()).toEqual(["✓ passf([1])11", "✗ wrongf([])0'<b>'"]);
    expect(await page.locator(".tests").textContent()).toContain("isolated by a sandbox of the test.");
    await prompt().fill("Return nothing that is a task.");
    await generate();
    await eventually(() => page.locator(".tests [role=status]").textContent()).toContain("There are no tests for this prompt");
  });

  it("compares two orders side by side", async () => {
    await open({}, { fragment: "#compare=true&otherAlg=threshold&otherThreshold=0.7" });
    await generate();
    await eventually(() => page.locator(".comparison tbody tr").first().textContent()).toBe("Forward passes1010");
    expect(engine.calls.map(({ alg }) => alg)).toEqual(["entropy", "threshold"]);
    expect(engine.calls[1]).toMatchObject({ threshold: 0.7, prompt: engine.calls[0]!.prompt });
    expect(await page.locator('[data-run="second"] pre').textContent()).toBe(CODE);
  });

  it("fills marked holes and leaves what was given", async () => {
    await open();
    await page.getByRole("radio", { name: "Fill in" }).check();
    await page.getByLabel("Code with holes").fill("a = <|hole:2|>\n");
    await generate();
    await eventually(status).toContain("Done");
    expect(engine.infillings[0]).toMatchObject({ template: ["a = ", { masks: 2 }, "\n"] });
    await eventually(() => first().locator("pre").textContent()).toBe("a = <1><2>\n");
    expect(await cells("given").count()).toBe(2);
    expect(await cells("token").locator(".text").allTextContents()).toEqual(["<1>", "<2>"]);
  });

  it("sends a conversation with what was said before", async () => {
    await open();
    await page.getByRole("radio", { name: "Chat" }).check();
    const answer = TOKENS.slice(0, 9).join("");
    for (const [i, text] of ["First.", "Second."].entries()) {
      await page.getByLabel("Your message").fill(text);
      await generate();
      await eventually(() => page.locator(".turn").count()).toBe(2 * (i + 1));
    }
    expect(engine.calls.map(({ messages }) => messages?.map(({ content }) => content))).toEqual([["First."], ["First.", answer, "Second."]]);
  });

  it("keeps all settings in the address", async () => {
    await open({}, { fragment: "#prompt=Return+x.&alg=threshold&threshold=0.7&seed=5&bogus=1&mode=nonsense" });
    expect(await prompt().inputValue()).toBe("Return x.");
    await generate();
    await eventually(() => engine.calls.length).toBe(1);
    expect(engine.calls[0]).toMatchObject({ prompt: "Return x.", alg: "threshold", threshold: 0.7, seed: 5 });
    await prompt().fill("Return y.");
    await eventually(() => new URL(page.url()).hash).toBe("#prompt=Return+y.&alg=threshold&threshold=0.7&seed=5");
  });

  it("has nothing that axe objects to, in light, in dark and on a phone, and fits", async () => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await open({}, { fragment: "#compare=true" });
    await page.getByText("Settings").click();
    await page.locator(".known button").first().click();
    await eventually(() => page.locator(".comparison").count()).toBe(1);
    await page.getByRole("button", { name: "Run the tests" }).click();
    await eventually(() => page.locator(".tests tbody tr").count()).toBe(2);
    expect(await violations()).toEqual([]);
    await page.getByLabel("Theme").selectOption("dark");
    expect(await violations()).toEqual([]);
    await page.getByLabel("confidence", { exact: true }).check();
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await width()).toBe(390);
    expect(await violations()).toEqual([]);
    await page.getByLabel("Theme").selectOption("light");
    expect(await violations()).toEqual([]);
  });

  it("fits a narrow screen, with masks and with long lines, and does not jump while tokens appear", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    const tokens = Array.from({ length: 64 }, (_, i) => `long_name_${i} `);
    await open({ tokens, order: tokens.map((_, i) => i), holdAt: 20 }, { atOnce: true });
    const below = () => page.locator(".scrubber").evaluate((element) => element.getBoundingClientRect().top + scrollY);
    await generate();
    await eventually(() => cells("token").count()).toBe(20);
    const before = await below();
    engine.resume();
    await eventually(() => cells("token").count()).toBe(64);
    expect(await below()).toBe(before);
    expect(await width()).toBe(390);
    await page.getByRole("slider", { name: "Replay: step" }).press("Home");
    expect(await width()).toBe(390);
  });
});
