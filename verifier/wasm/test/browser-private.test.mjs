// Private proofs on the page: what a visitor sees of withdrawals, pools, challenges and answers.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fixture, privateDirectory } from "./common.mjs";
import { checkAccess, complaints, expectRefused, file, picture, verdict, visit } from "./visitor.mjs";

const withdrawal = fixture("withdrawal.proof");
const answer = fixture("answer.proof");
const challenge = fixture("challenge.json");
const asked = JSON.parse(new TextDecoder().decode(challenge));
const other = "01".repeat(32);

const clear = (page) => page.evaluate(() => document.getElementById("result").replaceChildren());
const flipped = (bytes, at = bytes.length >> 1) => bytes.map((byte, index) => (index === at ? byte ^ 0x5a : byte));

/** The files of the pool. */
function pool(change = (name, bytes) => bytes) {
  const directory = join(privateDirectory, "pool");
  return readdirSync(directory).map((name) => file(name, change(name, readFileSync(join(directory, name)))));
}

/** Fills in what the visitor knows. */
async function know(page, known) {
  await page.evaluate(() => (document.getElementById("expected").closest("details").open = true));
  for (const [id, value] of Object.entries(known)) await page.fill(`#${id}`, value);
}

test("a private withdrawal is green, in plain words", async () => {
  const page = await visit();
  const seen = await verdict(page, [file("withdrawal.proof", withdrawal)]);
  assert.equal(seen.good, true, seen.text);
  for (const words of [
    /A private withdrawal, with 12[89] provable bits/,
    /takes 700 of asset 0 out of it with a fee of 1/,
    /Hidden stay: which note it was/,
    /Recipient\s+0x0{38}c3/,
    /Anchor\s+[0-9a-f]{64}/,
    /Nullifier\s+[0-9a-f]{64}/,
    /Domain\s+[0-9a-f]{64}/,
    /Valid until batch\s+\d+/,
    /whether the note was spent before/,
  ]) {
    assert.match(seen.text, words);
  }
  assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
  await checkAccess(page);
  await picture(page, "withdrawal");
});

test("a withdrawal that was changed, of another domain, or too late is red", async () => {
  const page = await visit();
  const given = [file("withdrawal.proof", withdrawal)];
  expectRefused(await verdict(page, [file("withdrawal.proof", flipped(withdrawal))]), /does not show what is claimed/, /was changed/);
  await clear(page);
  // Another recipient than the proof's: after the kind and three digests.
  expectRefused(await verdict(page, [file("withdrawal.proof", flipped(withdrawal, 100))]), /does not show what is claimed/);
  await clear(page);
  expectRefused(await verdict(page, [file("withdrawal.proof", withdrawal.subarray(0, 5000))]), /Not a proof that can be checked/);
  await clear(page);
  await know(page, { domain: other });
  expectRefused(await verdict(page, given), /not of what you said you expect/, /the domain is/);
  await clear(page);
  await know(page, { domain: "", batchNumber: "4000000000" });
  expectRefused(await verdict(page, given), /it was valid until batch/);
  await clear(page);
  await know(page, { batchNumber: "0", anchor: other });
  expectRefused(await verdict(page, given), /none of the 1 roots/);
  await checkAccess(page);
});

test("a pool is verified from its first operation on", async () => {
  const page = await visit();
  const seen = await verdict(page, pool());
  assert.equal(seen.good, true, seen.text);
  assert.match(seen.text, /4 operations of a shielded pool, with 12[89] provable bits/);
  assert.match(seen.text, /Held\s+797 of asset 0/);
  assert.equal(await page.locator("ol.chain > li").count(), 4);
  assert.match(seen.text, /✓ Operation 3 private withdrawal: 700 of asset 0/);
  assert.match(seen.text, /whether somebody paid for what went into the pool/);
  await checkAccess(page);
  await picture(page, "pool");
});

test("a pool with a changed proof, a hole, or of another domain is red", async () => {
  const page = await visit();
  const changedProof = pool((name, bytes) => (name === "operation-000003.proof" ? flipped(bytes) : bytes));
  expectRefused(await verdict(page, changedProof), /Operation 3\./);
  await clear(page);
  // Somebody else is paid.
  const paid = pool((name, bytes) => (name === "operation-000003.op" ? flipped(bytes, 65) : bytes));
  expectRefused(await verdict(page, paid), /Operation 3\./, /the proof does not hold/);
  await clear(page);
  const elsewhere = pool((name, bytes) => (name === "pool.json" ? JSON.stringify({ ...JSON.parse(bytes), chain_id: 5 }) : bytes));
  expectRefused(await verdict(page, elsewhere), /Operation 2\./);
  await clear(page);
  expectRefused(await verdict(page, pool().filter(({ name }) => name !== "operation-000001.op")), /operation 1 is missing/);
  await clear(page);
  expectRefused(await verdict(page, pool().filter(({ name }) => name !== "pool.json")), /pool.json is missing/);
  await clear(page);
  await know(page, { domain: other });
  expectRefused(await verdict(page, pool()), /not of what you said you expect/);
});

test("a credential's answer beside its challenge is green", async () => {
  const page = await visit();
  const seen = await verdict(page, [file("challenge.json", challenge), file("answer.proof", answer)]);
  assert.equal(seen.good, true, seen.text);
  for (const words of [
    /A credential, with 12[89] provable bits/,
    /birth_date <= 2008-11-28/,
    /nationality in eu\.json/,
    /Set eu\.json\s+"AT", "BE"/,
    /Issuer\s+Town of Example/,
    /Valid on\s+\d{4}-\d\d-\d\d/,
    /the secret of the holder whom the issuer named/,
    /Known to you as\s+[0-9a-f]{64}/,
    /Counts until\s+\d{4}-\d\d-\d\d \d\d:\d\d UTC/,
    /whether this challenge was answered before/,
    /get its file from the issuer itself/,
  ]) {
    assert.match(seen.text, words);
  }
  assert.ok(seen.text.includes(asked.challenge));
  await checkAccess(page);
});

test("an answer to another challenge, too late, changed, or to nobody is red", async () => {
  const page = await visit();
  const beside = (text, proof = answer) => [file("challenge.json", text), file("answer.proof", proof)];
  expectRefused(await verdict(page, beside(JSON.stringify({ ...asked, challenge: other }))), /does not answer your question/, /another challenge/);
  await clear(page);
  expectRefused(await verdict(page, beside(JSON.stringify({ ...asked, verifier: "club.example" }))), /another verifier/);
  await clear(page);
  expectRefused(await verdict(page, beside(challenge, flipped(answer))), /does not show what is claimed/);
  await clear(page);
  expectRefused(await verdict(page, [file("answer.proof", answer)]), /no question was asked/);
  await clear(page);
  expectRefused(await verdict(page, beside("{}")), /The challenge cannot be read/);
  await clear(page);
  await page.clock.setFixedTime(new Date((asked.expires + 60) * 1000));
  expectRefused(await verdict(page, beside(challenge)), /counts no more since 60 seconds/);
});

/** Opens the form and asks. */
async function ask(page, predicate, sets = ["eu.json"]) {
  await page.evaluate(() => (document.getElementById("ask-details").open = true));
  await page.fill("#ask-verifier", "bar.example");
  await page.setInputFiles("#ask-issuer", join(privateDirectory, "town", "issuer.json"));
  await page.fill("#ask-predicate", predicate);
  await page.setInputFiles("#ask-sets", sets.map((name) => join(privateDirectory, name)));
  await page.click("#ask-submit");
}

/** The holder's answer to a challenge's text. */
function prove(text) {
  const place = mkdtempSync(join(tmpdir(), "winterlane-holder-"));
  writeFileSync(join(place, "challenge.json"), text);
  execFileSync(
    process.env.WINTERLANE,
    ["credential", "prove", "--wallet", "alice", "--issuer", "town/issuer.json", "--credential", "alice.credential.json",
      "--challenge", join(place, "challenge.json"), "--proof-size", "compact", "--out", join(place, "answer.proof")],
    { cwd: privateDirectory, stdio: "pipe" },
  );
  const proof = readFileSync(join(place, "answer.proof"));
  rmSync(place, { recursive: true });
  return proof;
}

test("a challenge is made here, shown as text and code, and its answer counts once", async () => {
  const page = await visit();
  await ask(page, "birth_date <= 2008-11-28 and nationality in eu.json");
  await page.locator("#challenge-title").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "challenge-title");
  const text = await page.locator("#challenge-text").inputValue();
  const made = JSON.parse(text);
  assert.equal(made.verifier, "bar.example");
  assert.match(made.challenge, /^[0-9a-f]{64}$/);
  assert.equal(await page.locator("svg.code").getAttribute("role"), "img");
  assert.match(await page.locator("svg.code").getAttribute("aria-label"), /QR code/);
  await checkAccess(page);
  await picture(page, "challenge");
  // The file is the text.
  const saved = page.waitForEvent("download");
  await page.click("#challenge a.button");
  const download = await saved;
  assert.equal(download.suggestedFilename(), "challenge.json");
  assert.equal(readFileSync(await download.path(), "utf8"), text);
  // Somebody else's answer, and one to an earlier challenge, are not this one's.
  expectRefused(await verdict(page, [file("answer.proof", answer)]), /does not answer your question/);
  await clear(page);
  const proof = prove(text);
  const seen = await verdict(page, [file("answer.proof", proof)]);
  assert.equal(seen.good, true, seen.text);
  assert.match(seen.text, /birth_date <= 2008-11-28/);
  assert.doesNotMatch(seen.text, /answered before/);
  assert.equal(await page.locator("#challenge").isHidden(), true);
  await picture(page, "answered");
  await checkAccess(page);
  // Once.
  await clear(page);
  expectRefused(await verdict(page, [file("answer.proof", proof)]), /no question was asked/);
});

/** What a reader of codes sees: the finders, and the modules as they are drawn. */
test("the code on the page is the module's, dark on light in the dark too", async () => {
  const page = await visit({ viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await ask(page, "birth_date <= 2008-11-28", []);
  await page.locator("#challenge-title").waitFor();
  assert.equal(await wide(), 0);
  await checkAccess(page);
  await picture(page, "challenge-phone-dark");
  const drawn = await page.evaluate(async () => {
    const svg = document.querySelector("svg.code");
    const size = Number(svg.getAttribute("viewBox").split(" ")[2]);
    const scale = 4;
    const copy = svg.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", size * scale);
    copy.setAttribute("height", size * scale);
    // Where each rectangle lies says what is dark, without drawing it.
    const path = copy.querySelector("path");
    const dark = Array.from({ length: size }, () => Array(size).fill("0"));
    for (const [, x, y, run] of path.getAttribute("d").matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let at = 0; at < Number(run); at += 1) dark[Number(y)][Number(x) + at] = "1";
    }
    return { rows: dark.map((row) => row.join("")), fills: [...copy.children].map((each) => each.getAttribute("fill")) };
  });
  assert.deepEqual(drawn.fills, ["#ffffff", "#000000"]);
  const { rows } = drawn;
  const empty = "0".repeat(rows.length);
  for (const y of [0, 1, 2, 3, rows.length - 1]) assert.equal(rows[y], empty);
  assert.match(rows[4], /^00001111111.*11111110000$/);
  const seen = await verdict(page, [file("challenge.json", challenge), file("answer.proof", answer)]);
  assert.equal(seen.good, true, seen.text);
  assert.equal(await wide(), 0);
  await checkAccess(page);
});

test("what cannot be asked is said beside the form", async () => {
  const page = await visit();
  for (const [predicate, sets, words] of [
    ["birth_date <= 2008-13-28", ["eu.json"], /column 15: the calendar has no such day/],
    ["nationality in eu.json", [], /the set "eu.json" is not there/],
    ["age >= 18", [], /have birth_date, nationality/],
    ["birth_date <= 2008-11-28", ["answer.proof"], /is no JSON/],
  ]) {
    await ask(page, predicate, sets);
    await page.waitForFunction((source) => new RegExp(source).test(document.getElementById("ask-error").textContent), words.source);
    assert.equal(await page.locator("#challenge").isHidden(), true);
    assert.equal(await page.evaluate(() => document.activeElement.id), "ask-predicate");
  }
  await checkAccess(page);
  // The browser itself asks for what is missing.
  await page.fill("#ask-verifier", "");
  await page.click("#ask-submit");
  assert.equal(await page.locator("#ask-verifier:invalid").count(), 1);
});

test("with the keyboard alone", async () => {
  const page = await visit();
  await page.locator("#ask-details summary").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "ask-verifier");
  await page.keyboard.type("bar.example");
  await page.keyboard.press("Tab");
  // The chooser itself is the system's: that it is reached is ours.
  assert.equal(await page.evaluate(() => document.activeElement.id), "ask-issuer");
  await page.setInputFiles("#ask-issuer", join(privateDirectory, "town", "issuer.json"));
  await page.focus("#ask-issuer");
  await page.keyboard.press("Tab");
  await page.keyboard.type("birth_date <= 2008-11-28");
  await page.keyboard.press("Enter");
  await page.locator("#challenge-title").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "challenge-text");
});

test("what strangers wrote stays text", async () => {
  const page = await visit();
  const markup = `<img src=x onerror=alert(1)>\u202e`;
  const seen = await verdict(page, [file("challenge.json", JSON.stringify({ ...asked, issuer: { ...asked.issuer, name: markup } })), file("answer.proof", answer)]);
  // The issuer's name is for people; what counts are its keys.
  assert.equal(seen.good, true, seen.text);
  assert.match(seen.text, /<img src=x onerror=alert\(1\)>\\u\{202e\}/);
  assert.equal(await page.locator("#result img").count(), 0);
  const issuer = { ...JSON.parse(readFileSync(join(privateDirectory, "town", "issuer.json"), "utf8")), name: markup };
  await page.evaluate(() => (document.getElementById("ask-details").open = true));
  await page.fill("#ask-verifier", markup);
  await page.setInputFiles("#ask-issuer", file("issuer.json", JSON.stringify(issuer)));
  await page.fill("#ask-predicate", 'nationality in {"<b>", "\\"x\\""}');
  await page.click("#ask-submit");
  await page.locator("#challenge-title").waitFor();
  assert.equal(await page.locator("#challenge img, #challenge b").count(), 0);
  assert.match(await page.locator("#challenge").innerText(), /\\u\{202e\}/);
});

test("huge files are refused unread", async () => {
  const page = await visit();
  const large = Buffer.alloc((1 << 20) + 4097, 1);
  expectRefused(await verdict(page, [file("answer.proof", large)]), /no such file has more than 1052672/);
  await clear(page);
  expectRefused(await verdict(page, [file("challenge.json", large), file("answer.proof", answer)]), /no such file has more than 1048576/);
});

test("the browser had nothing to complain of", () => {
  assert.deepEqual(complaints, []);
});
