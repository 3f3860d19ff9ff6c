// A visitor of the page in a real browser, for the suites.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { web } from "./common.mjs";
import { serve } from "./server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export let site;
let browser;
/** What the browser said that nobody wants to hear. */
export const complaints = [];

before(async () => {
  site = await serve(web);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
    args: ["--no-sandbox", "--disable-gpu"],
  });
});

after(async () => {
  await browser?.close();
  site?.close();
});

/** A fresh visitor. */
export async function visit(options = {}, origin = site.origin) {
  const context = await browser.newContext({ viewport: { width: 900, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("dialog", () => complaints.push("a dialog: markup of a stranger ran"));
  await page.goto(`${origin}/`);
  return page;
}

export const file = (name, content) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content) });

/** Gives the page files; its verdict. */
export async function verdict(page, given) {
  if (given) await page.setInputFiles("#files", given);
  await page.locator("#verdict").waitFor({ timeout: 60_000 });
  const panel = page.locator(".verdict");
  const good = (await panel.getAttribute("class")).includes("good");
  return { good, title: await page.locator("#verdict").innerText(), text: await page.locator("#result").innerText() };
}

export function expectRefused({ good, title, text }, ...words) {
  assert.equal(good, false, text);
  assert.match(title, /^✗/);
  for (const word of words) assert.match(text, word);
  assert.doesNotMatch(text, /✓ Verified/);
}

/** What a visitor with a keyboard, a screen reader or weak eyes would stumble on. */
export async function checkAccess(page) {
  // As the debugger's own script: the page's policy lets no other in.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((each) => each.html).join(" ")}`);
  });
  assert.deepEqual(found, []);
}

/** Keeps a picture for the documentation where one is asked for. */
export async function picture(page, name) {
  const directory = process.env.WINTERLANE_PICTURES;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
  const session = await page.context().newCDPSession(page);
  const { cssContentSize } = await session.send("Page.getLayoutMetrics");
  const clip = { x: 0, y: 0, width: cssContentSize.width, height: Math.min(cssContentSize.height, 1500), scale: 1 };
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 60, clip, captureBeyondViewport: true });
  writeFileSync(join(directory, `${name}.webp`), Buffer.from(data, "base64"));
}
