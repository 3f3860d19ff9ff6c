// What the module accepts, and that it says why it does not.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { load, MAX_FILE_BYTES, VerifierError } from "../web/lib/index.js";
import { addNumbered, fileNames, parseName, sortFiles } from "../web/lib/files.js";
import { changed, small, smallDirectory, web } from "./common.mjs";

const verifier = await load();
const [first, second] = small;
const inputs = JSON.parse(first.json).public_inputs;

function refused(answer, stage, reason) {
  assert.equal(answer.valid, false);
  assert.equal(answer.stage, stage, answer.reason);
  assert.match(answer.reason, reason);
}

test("a chain is accepted, and says what the files say", () => {
  const chain = verifier.chain({ bits: 128, domain: inputs.domain, firstBatch: 0n, oldRoot: inputs.old_root });
  let transfers = 0;
  for (const { number, json, proof } of small) {
    const answer = addNumbered(chain, number, json, proof);
    assert.equal(answer.valid, true, answer.reason);
    const said = JSON.parse(json).public_inputs;
    assert.equal(answer.number, String(said.batch_number));
    assert.equal(answer.oldRoot, said.old_root);
    assert.equal(answer.newRoot, said.new_root);
    assert.equal(answer.operationsDigest, said.operations_digest);
    assert.equal(answer.slots, said.num_operations);
    assert.equal(answer.records.length + answer.padding, answer.slots);
    assert.equal(answer.rows, 256 * answer.slots);
    assert.equal(answer.proofBytes, proof.length);
    assert.ok(answer.bits >= 128);
    transfers += answer.transfers;
  }
  const end = chain.end();
  assert.equal(end.valid, true);
  assert.equal(end.batches, small.length);
  assert.equal(end.transfers, transfers);
  assert.equal(end.lastBatch, String(small.length - 1));
  assert.deepEqual(end.takenAsFound, ["end"]);
  // The end is the end.
  refused(chain.end(), "use", /no chain was begun/);
});

test("records have the fields of their kind", () => {
  const { records } = verifier.verifyBatch(first.json, first.proof);
  const transfer = records.find((record) => record.kind === "transfer");
  assert.match(transfer.amount, /^[0-9]+$/);
  assert.match(transfer.validUntil, /^[0-9]+$/);
  assert.ok(Number.isInteger(transfer.from) && Number.isInteger(transfer.to));
  assert.ok(transfer.signedBy.index >= 0);
  assert.equal("recipient" in transfer, false);
  assert.equal(records.at(-1).kind, "collectFees");
});

test("what is taken as found is said", () => {
  const answer = verifier.verifyBatch(first.json, first.proof);
  assert.equal(answer.valid, true);
  assert.deepEqual(answer.takenAsFound, ["domain", "firstBatch", "oldRoot", "end"]);
  const pinned = verifier.verifyBatch(first.json, first.proof, { newRoot: inputs.new_root, firstBatch: "0" });
  assert.deepEqual(pinned.takenAsFound, ["domain", "oldRoot"]);
});

test("every expectation is compared", () => {
  const wrong = inputs.operations_digest;
  const cases = [
    [{ domain: wrong }, /the domain is/],
    [{ oldRoot: wrong }, /the first batch starts from/],
    [{ newRoot: wrong }, /the last batch ends with/],
    [{ firstBatch: 7 }, /the first batch is 0, not 7/],
    [{ batches: 2 }, /the number of batches is 1, not 2/],
  ];
  for (const [expected, reason] of cases) {
    refused(verifier.verifyBatch(first.json, first.proof, expected), "pin", reason);
  }
});

test("malformed expectations are no expectations", () => {
  const cases = [
    { bits: 64 },
    { bits: "128" },
    { domain: "zz" },
    { oldRoot: "00" },
    { firstBatch: "one" },
    { firstBatch: -1 },
    { batches: 1.5 },
    { realm: "x" },
    { domain: "0".repeat(5000) },
  ];
  for (const expected of cases) assert.throws(() => verifier.chain(expected), TypeError, JSON.stringify(expected));
});

test("every field of the public inputs is proven", () => {
  const other = JSON.parse(second.json).public_inputs.new_root;
  const changes = {
    domain: (file) => (file.public_inputs.domain = other),
    batch_number: (file) => (file.public_inputs.batch_number += 1),
    old_root: (file) => (file.public_inputs.old_root = other),
    new_root: (file) => (file.public_inputs.new_root = other),
    operations_digest: (file) => (file.public_inputs.operations_digest = other),
    num_operations: (file) => (file.public_inputs.num_operations *= 2),
  };
  assert.deepEqual(Object.keys(changes), Object.keys(inputs));
  for (const [field, change] of Object.entries(changes)) {
    const answer = verifier.verifyBatch(changed(first.json, change), first.proof);
    refused(answer, "proof", /not of these public inputs, or was changed/);
    assert.equal(answer.unusable, undefined, field);
  }
});

test("records of another batch are not this one's", () => {
  const { records } = JSON.parse(second.json);
  const json = changed(first.json, (file) => (file.records = records));
  refused(verifier.verifyBatch(json, first.proof), "records", /./);
});

test("the preset that the file names is that of the proof", () => {
  const json = changed(first.json, (file) => (file.preset = "<b>\u202efast"));
  refused(verifier.verifyBatch(json, first.proof), "preset", /its public file says/);
});

test("batches that do not follow are refused, and so is what comes after", () => {
  const chain = verifier.chain();
  assert.equal(chain.add(first.json, first.proof).valid, true);
  refused(chain.add(first.json, first.proof), "link", /its number is 0/);
  refused(chain.add(second.json, second.proof), "use", /was refused/);
  refused(chain.end(), "use", /was refused/);

  const other = JSON.parse(first.json).public_inputs.old_root;
  const roots = verifier.chain();
  roots.add(first.json, first.proof);
  const json = changed(second.json, (file) => (file.public_inputs.old_root = other));
  refused(roots.add(json, second.proof), "link", /its old root is/);
});

test("an empty chain says nothing", () => {
  refused(verifier.chain().end(), "use", /there is no batch/);
});

test("the 100-bit policy has to be asked for", () => {
  // The fixtures have 128 bits; both policies take them.
  for (const bits of [100, 128]) assert.equal(verifier.verifyBatch(first.json, first.proof, { bits }).valid, true);
});

test("inputs may be any kind of bytes", () => {
  const bytes = new TextEncoder().encode(first.json);
  for (const json of [bytes, bytes.buffer, Buffer.from(bytes), new DataView(bytes.buffer)]) {
    assert.equal(verifier.verifyBatch(json, first.proof).valid, true);
  }
  for (const wrong of [undefined, null, 7, {}, []]) {
    assert.throws(() => verifier.verifyBatch(wrong, first.proof), TypeError);
  }
});

test("files that are too large are refused, and end the chain", () => {
  const huge = new Uint8Array(MAX_FILE_BYTES + 1);
  const chain = verifier.chain();
  const answer = chain.add(first.json, huge);
  refused(answer, "proofSize", /no such file has more/);
  assert.equal(answer.unusable, true);
  assert.throws(() => chain.add(first.json, first.proof), VerifierError);
  refused(verifier.verifyBatch(huge, first.proof), "publicFile", /no such file has more/);
});

test("names of files", () => {
  for (const [name, number, part] of [
    ["batch-0000.proof", 0n, "proof"],
    ["batch-0042.public.json", 42n, "publicFile"],
    ["batch-12345.proof", 12345n, "proof"],
    ["batch-4611686018427387903.proof", 4611686018427387903n, "proof"],
  ]) {
    assert.deepEqual(parseName(name), { number, part });
    assert.equal(fileNames(number)[part], name);
  }
  for (const name of [
    "batch-1.proof",
    "batch-01234.proof",
    "batch-0001.Proof",
    "batch-0001.json",
    "batch--001.proof",
    "batch-0001.proof ",
    "xbatch-0001.proof",
    "batch-٠٠٠١.proof",
    "batch-99999999999999999999.proof",
  ]) {
    assert.equal(parseName(name), undefined, name);
  }
});

test("files are sorted into a chain without holes", () => {
  const named = (...names) => names.map((name) => ({ name }));
  const both = (number) => Object.values(fileNames(number));
  const sorted = sortFiles(named(...both(10), "notes.txt", ...both(9)));
  assert.deepEqual(sorted.batches.map((batch) => batch.number), [9n, 10n]);
  assert.deepEqual(sorted.ignored, ["notes.txt"]);
  const cases = [
    [[], /there is no batch/],
    [["batch-0000.proof"], /batch-0000.public.json is missing/],
    [["batch-0000.public.json"], /batch-0000.proof is missing/],
    [[...both(0), ...both(2)], /batch 1 is missing/],
    [[...both(0), "batch-0000.proof"], /twice/],
    [[...both(0), ".publishing-x"], /was stopped/],
  ];
  for (const [names, error] of cases) assert.match(sortFiles(named(...names)).error, error);
});

test("a file's number is that of its contents", () => {
  refused(addNumbered(verifier.chain(), 3n, first.json, first.proof), "pin", /its name that it is 3/);
});

test("the examples do what they say", () => {
  const run = (name, ...args) =>
    spawnSync(process.execPath, [join(web, "examples", name), ...args], { encoding: "utf8" });
  const accepted = run("verify-directory.js", smallDirectory, inputs.old_root);
  assert.equal(accepted.status, 0, accepted.stderr);
  assert.match(accepted.stdout, new RegExp(`lastBatch: '${small.length - 1}'`));
  assert.equal(run("verify-directory.js", smallDirectory, inputs.new_root).status, 1);
  assert.equal(run("verify-directory.js", web).status, 2);
  const files = Object.values(fileNames(0)).map((name) => join(smallDirectory, name));
  const followed = run("follow-payments.js", ...files, "0");
  assert.match(followed.stdout, /account 0 received [0-9]+ in batch 0/);
  assert.equal(run("follow-payments.js", files[0], files[0], "0").status, 1);
});

test("the package has what it names, and types beside it", () => {
  const [listed] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--offline"], { cwd: web, encoding: "utf8" }),
  );
  const names = listed.files.map((file) => file.path);
  for (const name of ["lib/index.js", "lib/index.d.ts", "lib/files.js", "lib/winterlane_verifier.wasm", "README.md"]) {
    assert.ok(names.includes(name), `${name} is not in ${names}`);
  }
});

test("the module is small to fetch", () => {
  const module = readFileSync(join(web, "lib", "winterlane_verifier.wasm"));
  const compressed = gzipSync(module, { level: 9 }).length;
  console.log(`module: ${(module.length / 1024).toFixed(1)} KiB, ${(compressed / 1024).toFixed(1)} KiB by gzip`);
  assert.ok(compressed <= 400 << 10, `${compressed} bytes by gzip`);
});

/** A module with our functions, of which one ends in a trap and another answers what it must not. */
function faultyModule(bodies) {
  const text = new TextEncoder();
  const length = (count) => (count < 128 ? [count] : [(count & 0x7f) | 0x80, count >> 7]);
  const vector = (items) => [...length(items.length), ...items.flat()];
  const section = (id, items) => {
    const content = vector(items);
    return [id, ...length(content.length), ...content];
  };
  const names = ["interface", "input", "begin", "add", "end", "output", "output_bytes"];
  const name = (word) => vector([...text.encode(word)]);
  const answer = (value) => [0x41, value];
  const trap = [0x00];
  const code = { interface: answer(3), input: answer(8), begin: answer(0), output: answer(0), output_bytes: answer(0), ...bodies(answer, trap) };
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // No parameters or two numbers, to a number.
    ...section(1, [[0x60, 0, 1, 0x7f], [0x60, 2, 0x7f, 0x7f, 1, 0x7f]]),
    ...section(3, names.map((word) => [word === "input" ? 1 : 0])),
    ...section(5, [[0, 1]]),
    ...section(7, [[...name("memory"), 2, 0], ...names.map((word, index) => [...name(`winterlane_${word}`), 0, index])]),
    ...section(10, names.map((word) => vector([0, ...code[word], 0x0b]))),
  ];
  return Uint8Array.from(bytes);
}

test("a module that stops, or answers nonsense, has verified nothing", async () => {
  for (const bodies of [
    (answer, trap) => ({ add: trap, end: trap }),
    // Accepted, without a word: the status alone is no answer.
    (answer) => ({ add: answer(0), end: answer(0) }),
    (answer) => ({ add: answer(3), end: answer(3) }),
  ]) {
    const faulty = await load(faultyModule(bodies));
    const chain = faulty.chain();
    assert.throws(() => chain.add("{}", "proof"), /nothing was verified/);
    assert.throws(() => chain.end(), VerifierError);
  }
  await assert.rejects(load(faultyModule((answer) => ({ interface: answer(9), add: answer(0), end: answer(0) }))), VerifierError);
});
