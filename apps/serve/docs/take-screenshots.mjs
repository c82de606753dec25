// Takes the pictures of README.md from a running server: node docs/take-screenshots.mjs http://127.0.0.1:8000 [folder]
// The recording is made of single pictures by `img2webp` (apt-get install webp), and skipped without it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [url, folder = import.meta.dirname] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });

async function open({ width, height, colorScheme, fragment = "" }) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  await page.goto(`${url}/${fragment}`);
  await page.locator(".known button").first().waitFor();
  return page;
}

async function generate(page) {
  await page.getByLabel("Show").selectOption("0");
  await page.getByRole("button", { name: "Generate" }).click();
  await page
    .getByText(/^Done:/)
    .first()
    .waitFor();
}

async function picture(name, view, act) {
  const page = await open(view);
  await act(page);
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(folder, name), fullPage: true });
  await page.close();
}

const TESTED = async (page) => {
  await page.locator(".known button").first().click();
  await generate(page);
  await page.getByRole("button", { name: "Run the tests" }).click();
  await page.locator(".verdict").waitFor();
};

await picture("write-light.png", { width: 1280, height: 900, colorScheme: "light" }, TESTED);
await picture("compare-dark.png", { width: 1280, height: 900, colorScheme: "dark", fragment: "#compare=true&alg=threshold" }, async (page) => {
  await generate(page);
  await page.locator(".comparison").waitFor();
});
await picture("phone.png", { width: 390, height: 844, colorScheme: "light" }, TESTED);

/** Frames of the recording, each so many steps on. */
const STEP = 3;

async function record() {
  const page = await open({ width: 1120, height: 640, colorScheme: "light" });
  await generate(page);
  const board = page.locator(".run").first();
  const slider = page.getByRole("slider", { name: "Replay: step" });
  const frames = mkdtempSync(join(tmpdir(), "frames-"));
  await slider.press("Home");
  const count = Number(await slider.getAttribute("max"));
  await page.evaluate(() => scrollTo(0, 0));
  const box = await board.boundingBox();
  for (let shown = 0, frame = 0; shown <= count; shown += STEP, frame++) {
    await page.screenshot({
      path: join(frames, `${String(frame).padStart(3, "0")}.png`),
      clip: box,
      fullPage: true,
    });
    for (let i = 0; i < STEP; i++) await slider.press("ArrowRight");
  }
  const output = join(folder, "reveal.webp");
  const pictures = readdirSync(frames)
    .toSorted()
    .map((name) => join(frames, name));
  execFileSync("img2webp", ["-loop", "0", "-lossy", "-q", "70", "-d", "250", ...pictures, "-o", output]);
  rmSync(frames, { recursive: true });
}

try {
  await record();
} catch (error) {
  if (error.code !== "ENOENT") throw error;
  process.stderr.write("No recording: img2webp is not installed (apt-get install webp).\n");
}
await browser.close();
