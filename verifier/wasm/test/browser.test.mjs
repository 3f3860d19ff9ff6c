// The page in a real browser: what a visitor sees of valid, tampered, misplaced, huge and meaningless files.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileNames } from "../web/lib/files.js";
import { changed, small, smallDirectory, web } from "./common.mjs";
import { serve } from "./server.mjs";
import { checkAccess, complaints, expectRefused, file, picture, site, verdict, visit } from "./visitor.mjs";

let node;

before(async () => {
  node = await serve(smallDirectory, { origins: "*", endless: "/endless/batch-0000.proof", api: nodeApi });
});

after(() => node?.close());

/** What a node answers under `/v1/batches/`, with the key. */
function nodeApi(path, key) {
  const match = /^\/v1\/batches\/(\d+)(\/records|\/proof)?$/.exec(path);
  if (!match) return undefined;
  if (key !== "Bearer read-key") return { status: 401 };
  const batch = small[Number(match[1])];
  if (!batch) return { status: 404 };
  const { public_inputs, records } = JSON.parse(batch.json);
  if (match[2] === "/records") return { status: 200, body: Buffer.from(records, "hex") };
  if (match[2] === "/proof") return { status: 200, body: batch.proof };
  const { num_operations: slots, batch_number: number, ...digests } = public_inputs;
  return { status: 200, body: JSON.stringify({ number, slots, ...digests, stage: "published" }) };
}

/** Both files of batches. */
function files(...batches) {
  return batches.flatMap(({ number, json, proof }) => {
    const names = fileNames(number);
    return [file(names.publicFile, json), file(names.proof, proof)];
  });
}

test("a valid chain is green, with its words, links and records", async () => {
  const page = await visit();
  await checkAccess(page);
  await picture(page, "start");
  const seen = await verdict(page, files(...small));
  assert.equal(seen.good, true, seen.text);
  assert.match(seen.title, /✓ Verified/);
  assert.match(seen.text, /12[89] provable bits/);
  assert.match(seen.text, /What a proof cannot tell you/);
  const inputs = small.map(({ json }) => JSON.parse(json).public_inputs);
  assert.ok(seen.text.includes(inputs[0].old_root) && seen.text.includes(inputs.at(-1).new_root));
  assert.equal(await page.locator("ol.chain > li").count(), small.length);
  assert.ok((await page.locator("tbody tr").count()) > 0);
  await page.selectOption("#records-batch", "1");
  assert.match(await page.locator("caption").innerText(), /^Batch 1:/);
  await checkAccess(page);
  await picture(page, "verified");
});

test("the focus goes to the verdict, so that a screen reader says it", async () => {
  const page = await visit();
  await verdict(page, files(small[0]));
  assert.equal(await page.evaluate(() => document.activeElement.id), "verdict");
});

test("dark, and as narrow as a telephone: nothing sticks out", async () => {
  const page = await visit({ viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true });
  await page.locator("summary").nth(1).click();
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await wide(), 0);
  await verdict(page, files(...small));
  assert.equal(await wide(), 0);
  await checkAccess(page);
  await page.locator("summary").nth(1).click();
  await picture(page, "phone-dark");
});

test("with the keyboard alone", async () => {
  const page = await visit();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "choose-files");
  const chooser = page.waitForEvent("filechooser");
  // Whoever listens for choosers tells the page so, which a key can overtake; a question behind it cannot.
  await page.evaluate(() => 0);
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(files(small[0]));
  assert.equal((await verdict(page)).good, true);
});

test("one changed byte of a proof is red", async () => {
  const page = await visit();
  const proof = small[1].proof.slice();
  proof[proof.length >> 1] ^= 0x5a;
  const seen = await verdict(page, files(small[0], { ...small[1], proof }));
  expectRefused(seen, /Batch 1\./, /was changed/, /✓ Batch 0/, /✗ Batch 1/);
  await checkAccess(page);
  await picture(page, "refused");
});

test("changed public inputs, records and presets are red", async () => {
  const other = JSON.parse(small[1].json);
  const changes = [
    [(file) => (file.public_inputs.new_root = other.public_inputs.new_root), /does not show what is claimed beside it/],
    [(file) => (file.records = other.records), /the list of operations beside it/],
    [(file) => (file.preset = "safest-999"), /describes it falsely/],
    [(file) => (file.more = 1), /The public file cannot be read/],
  ];
  const page = await visit();
  for (const [change, words] of changes) {
    expectRefused(await verdict(page, files({ ...small[0], json: changed(small[0].json, change) })), words);
    await page.evaluate(() => document.getElementById("result").replaceChildren());
  }
});

test("another chain than the expected one is red", async () => {
  const inputs = JSON.parse(small[0].json).public_inputs;
  const page = await visit();
  await page.locator("summary").nth(1).click();
  await page.fill("#oldRoot", inputs.new_root);
  expectRefused(await verdict(page, files(small[0])), /not of what you said you expect/, /starts from/);
  await page.fill("#oldRoot", inputs.old_root);
  await page.fill("#domain", inputs.domain.toUpperCase());
  await page.fill("#firstBatch", "0");
  await page.fill("#batches", String(small.length));
  await page.evaluate(() => document.getElementById("result").replaceChildren());
  const seen = await verdict(page, files(...small));
  assert.equal(seen.good, true, seen.text);
  assert.doesNotMatch(seen.text, /What a proof cannot tell you/);
  // A field that is filled in wrongly is asked about; nothing is verified under other expectations.
  await page.fill("#oldRoot", "short");
  await page.evaluate(() => document.getElementById("result").replaceChildren());
  await page.setInputFiles("#files", files(small[0]));
  assert.equal(await page.locator("#oldRoot:invalid").count(), 1);
  assert.equal(await page.locator("#verdict").count(), 0);
});

test("batches of two chains, holes and strangers' files are red", async () => {
  const page = await visit();
  const named = (batch, number) => ({ ...batch, number });
  const cases = [
    [files(small[0], named(small[0], 1n)), /does not continue|its name/],
    [files(small[0], named(small[1], 2n)), /batch 1 is missing/],
    [files(small[0]).slice(0, 1), /batch-0000.proof is missing/],
    [[file("holiday.jpg", "not a proof")], /there is no batch among these files/],
    [files({ ...small[0], proof: Buffer.from("not a proof") }), /does not show/],
    [files({ ...small[0], json: "not JSON" }), /Not a proof that can be checked/],
  ];
  for (const [given, words] of cases) {
    expectRefused(await verdict(page, given), words);
    await page.evaluate(() => document.getElementById("result").replaceChildren());
  }
});

test("huge files are refused unread", async () => {
  const page = await visit();
  const directory = mkdtempSync(join(tmpdir(), "winterlane-"));
  const names = fileNames(0);
  const paths = [names.publicFile, names.proof].map((name) => join(directory, name));
  writeFileSync(paths[0], small[0].json);
  writeFileSync(paths[1], "");
  truncateSync(paths[1], 2 ** 32);
  expectRefused(await verdict(page, paths), /4294967296 bytes, and no such file has more than 4194304/);
  rmSync(directory, { recursive: true });
});

test("what a stranger wrote stays text", async () => {
  const page = await visit();
  const markup = `<img src=x onerror=alert(1)><script>alert(2)</script>\u202e\u200b`;
  const json = changed(small[0].json, (file) => (file.preset = markup));
  const seen = await verdict(page, files({ ...small[0], json }));
  expectRefused(seen, /<img src=x/, /u\{202e\}|u\{200b\}/);
  assert.doesNotMatch(seen.text, /[\u202e\u200b]/);
  assert.equal(await page.locator("#result img, #result script").count(), 0);
  await page.evaluate(() => document.getElementById("result").replaceChildren());
  const named = await verdict(page, [file(`<b>x</b>\u202egpj.exe`, "x")]);
  expectRefused(named, /<b>x<\/b>\\u\{202e\}gpj.exe/);
});

test("the page's policy lets no other script in", async () => {
  const page = await visit();
  const outcome = await page.evaluate(() => {
    const tried = [];
    const element = document.createElement("script");
    const attempts = [
      () => (document.body.innerHTML = "<b>x</b>"),
      () => (element.text = "alert(1)"),
      () => (element.src = "https://example.com/"),
      () => new Worker("data:text/javascript,1"),
    ];
    for (const attempt of attempts) {
      try {
        attempt();
        tried.push("let in");
      } catch {
        tried.push("refused");
      }
    }
    return tried;
  });
  assert.deepEqual(outcome, ["refused", "refused", "refused", "refused"]);
  complaints.length = 0;
});

test("from a node", async () => {
  const page = await visit();
  const clear = () => page.evaluate(() => document.getElementById("result").replaceChildren());
  await page.locator("summary").first().click();
  await page.fill("#address", node.origin);
  await page.fill("#node-count", String(small.length));
  for (const layout of ["files", "node"]) {
    await page.selectOption("#layout", layout);
    if (layout === "node") {
      // The node's key is asked for, and given.
      await page.click("#node button");
      expectRefused(await verdict(page), /asks for a key/);
      await clear();
      await page.fill("#key", "read-key");
    }
    await page.click("#node button");
    const seen = await verdict(page);
    assert.equal(seen.good, true, seen.text);
    await clear();
  }
  // What a node claims is proven: here its records are those of another batch.
  await page.route("**/v1/batches/0/records", (route) =>
    route.fulfill({ body: Buffer.from(JSON.parse(small[1].json).records, "hex"), headers: { "access-control-allow-origin": "*" } }),
  );
  await page.click("#node button");
  expectRefused(await verdict(page), /the list of operations beside it/);
  await clear();
  // A batch that is not there.
  await page.fill("#node-first", "77");
  await page.click("#node button");
  expectRefused(await verdict(page), /status 404/);
  complaints.length = 0;
});

test("a file that a node never stops sending is cut off", async () => {
  const page = await visit();
  await page.route("**/batch-0000.public.json", (route) => route.fulfill({ body: small[0].json, headers: { "access-control-allow-origin": "*" } }));
  await page.locator("summary").first().click();
  await page.fill("#address", `${node.origin}/endless`);
  await page.selectOption("#layout", "files");
  await page.click("#node button");
  expectRefused(await verdict(page), /no such file has as many|cannot be fetched|status 404/);
  complaints.length = 0;
});

test("files that are dropped", async () => {
  const page = await visit();
  const transfer = await page.evaluateHandle(
    (given) => {
      const data = new DataTransfer();
      for (const { name, content } of given) {
        data.items.add(new File([Uint8Array.from(atob(content), (each) => each.charCodeAt(0))], name));
      }
      return data;
    },
    files(small[0]).map(({ name, buffer }) => ({ name, content: buffer.toString("base64") })),
  );
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  assert.equal(await page.locator("#drop.over").count(), 1);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  const seen = await verdict(page);
  assert.equal(seen.good, true, seen.text);
  assert.equal(await page.locator("#drop.over").count(), 0);
});

test("without a network", async () => {
  const gone = await serve(web);
  const page = await visit({}, gone.origin);
  await page.evaluate(() => navigator.serviceWorker.ready);
  gone.close();
  await page.reload();
  const seen = await verdict(page, files(small[0]));
  assert.equal(seen.good, true, seen.text);
  complaints.length = 0;
});

test("nothing is sent anywhere", async () => {
  const page = await visit();
  const requests = [];
  page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).origin}`));
  await verdict(page, files(...small));
  assert.deepEqual([...new Set(requests)], [`GET ${site.origin}`]);
});

test("the browser had nothing to complain of", () => {
  assert.deepEqual(complaints, []);
});
