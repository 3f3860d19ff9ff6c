// The node's page for people in a real browser, served by a real node: batches, figures, an account with its proof.
//
// WINTERLANE and WINTERLANE_NODE are the two commands; playwright-core and axe-core are those of verifier/wasm/test.
// `.ci/run browser` runs it. With WINTERLANE_PICTURES, a directory, it keeps a picture for the documentation.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const require = createRequire(new URL("../../verifier/wasm/test/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const folder = mkdtempSync(join(tmpdir(), "winterlane-page-"));
const wallet = (...words) => execFileSync(process.env.WINTERLANE, ["wallet", ...words], { cwd: folder, encoding: "utf8" });
const command = (...words) => execFileSync(process.env.WINTERLANE_NODE, ["--data", "rollup", ...words], { cwd: folder, encoding: "utf8" });

let origin;
let node;
let browser;
const complaints = [];

/** Where the node is, on a port that the system has chosen, as its log says. What else it says is read, too, or it could not say it. */
async function served(log) {
  let said = "";
  const found = new Promise((resolve, reject) => {
    log.setEncoding("utf8");
    log.on("data", (text) => {
      said += text;
      const address = / interface=(\S+)/.exec(said)?.[1];
      if (address) resolve(`http://${address}`);
    });
    log.on("end", () => reject(new Error(`the node ended: ${said}`)));
  });
  return found;
}

before(async () => {
  for (const [name, account] of [["alice", "1"], ["bob", "2"]]) {
    wallet("new", "--wallet", name, "--account", account, "--public", `${name}.toml`);
  }
  command("init", "--account", "alice.toml=1000", "--account", "bob.toml=0",
    "--set", "batches.slots=4", "--set", "batches.seconds=0.2", "--set", "store.reserve_mib=1");
  node = spawn(process.env.WINTERLANE_NODE,
    ["--data", "rollup", "--listen", "127.0.0.1:0", "--health", "127.0.0.1:0"],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, NO_COLOR: "1", RUST_LOG: "info" } });
  origin = await served(node.stderr);
  for (const amount of ["250", "125"]) {
    wallet("send", "--wallet", "alice", "--to", "2", "--amount", amount, "--wait", "published", "--node", origin);
  }
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell",
    args: ["--no-sandbox", "--disable-gpu"],
  });
});

after(async () => {
  await browser?.close();
  node?.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function visit(options = {}) {
  const context = await browser.newContext({ viewport: { width: 900, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // The browser's own line for an account that is empty: the page asks, and shows the answer.
    const empty = message.location().url.endsWith("/v1/accounts/77");
    if (message.type() === "error" && !empty) complaints.push(message.text());
  });
  await page.goto(`${origin}/`);
  await page.getByText("Ready: takes orders").waitFor({ timeout: 60_000 });
  return page;
}

async function checkAccess(page) {
  // As the debugger's own script: the page's policy lets no other in.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((each) => each.html).join(" ")}`);
  });
  assert.deepEqual(found, []);
}

async function lookUp(page, account) {
  await page.fill("#account", account);
  await page.click("#lookup button");
  await page.locator("#found p", { hasText: new RegExp(`^Account ${account} `) }).waitFor({ timeout: 60_000 });
  return page.locator("#found").innerText();
}

test("batches and figures are shown", async () => {
  const page = await visit();
  const rows = page.locator("#rows tr");
  await rows.nth(1).waitFor({ timeout: 60_000 });
  assert.equal(await rows.count(), 2);
  const newest = await rows.first().innerText();
  assert.match(newest, /1\s+published\s+1 of \d/);
  assert.match(newest, /KiB/);
  assert.match(await page.locator("#taken").innerText(), /^2 \/ 0$/);
  assert.match(await page.locator("#environment").innerText(), /development/);
  await checkAccess(page);
});

test("an account is shown with its history and with who checked its proof", async () => {
  const page = await visit();
  const bob = await lookUp(page, "2");
  assert.match(bob, /Account 2 holds 375 of asset 0/);
  // Who checked it is said: the node did, and this page did not.
  assert.match(bob, /the node checked that its path leads to the root below. The page did not/);
  assert.match(bob, /Root after batch 1: [0-9a-f]{64}/);
  assert.match(bob, /batch 1, transfer: 125 from 1 to 2, fee 0[\s\S]*batch 0, transfer: 250 from 1 to 2/);
  const root = /Root after batch 1: ([0-9a-f]{64})/.exec(bob)[1];
  // The wallet, which verifies it, comes to the same root.
  const shown = JSON.parse(wallet("show", "--wallet", "bob", "--json", "--node", origin));
  assert.equal(shown.root, root);
  assert.equal(shown.balance, "375");
  const nobody = await lookUp(page, "77");
  assert.match(nobody, /Account 77 is empty/);
  assert.doesNotMatch(nobody, /holds/);
  await lookUp(page, "2");
  await checkAccess(page);
  const directory = process.env.WINTERLANE_PICTURES;
  if (directory) {
    const session = await page.context().newCDPSession(page);
    const { cssContentSize } = await session.send("Page.getLayoutMetrics");
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: Math.min(cssContentSize.height, 1500), scale: 1 };
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 60, clip, captureBeyondViewport: true });
    writeFileSync(join(directory, "node.webp"), Buffer.from(data, "base64"));
  }
});

test("an answer that comes late does not replace a later question's", async () => {
  const page = await visit();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route("**/v1/accounts/1/proof", async (route) => {
    await held;
    await route.continue();
  });
  await page.fill("#account", "1");
  await page.click("#lookup button");
  await page.getByText("Asking for account 1").waitFor({ timeout: 60_000 });
  await lookUp(page, "2");
  const answered = page.waitForResponse("**/v1/accounts/1/proof");
  release();
  await (await answered).finished();
  // What the page does with it, it has done when two more pictures were drawn.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.match(await page.locator("#found").innerText(), /^Account 2 holds 375/);
});

test("on a phone, in the dark, nothing is cut off", async () => {
  const page = await visit({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  await lookUp(page, "1");
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.equal(wider, false);
  await checkAccess(page);
});

test("without JavaScript the page says where the figures are", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  assert.match(await page.locator("noscript").innerText(), /\/v1\/status/);
});

test("nothing was complained of", () => {
  assert.deepEqual(complaints, []);
});
