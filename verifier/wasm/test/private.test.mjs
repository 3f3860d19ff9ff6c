// Private proofs: what the module accepts of them, and that it says why it does not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { balanceQuestion, load, MAX_CHALLENGE_BYTES, MAX_STATEMENT_BYTES, statementKind, VerifierError } from "../web/lib/index.js";
import { kindOfFiles, parseOperation, sortPool, sortStatement } from "../web/lib/files.js";
import { fixture, poolOperations, privateDirectory, web } from "./common.mjs";

const verifier = await load();
const withdrawal = fixture("withdrawal.proof");
const transfer = fixture("transfer.proof");
const answer = fixture("answer.proof");
const challenge = fixture("challenge.json");
const poolFile = fixture("pool/pool.json");
const operations = poolOperations();
const asked = JSON.parse(new TextDecoder().decode(challenge));

function refused(found, stage, reason) {
  assert.equal(found.valid, false);
  assert.equal(found.stage, stage, found.reason);
  assert.match(found.reason, reason);
}

const other = "01".repeat(32);

test("figures: time of the processor, and memory", () => {
  // Printed, never compared: the machine may be busy. `test/run WINTERLANE measure` has more of them.
  const least = (run) => {
    const times = Array.from({ length: 5 }, () => {
      const begin = process.cpuUsage();
      assert.equal(run().valid, true);
      const { user, system } = process.cpuUsage(begin);
      return (user + system) / 1000;
    });
    return `${Math.min(...times).toFixed(1)} ms`;
  };
  const pool = verifier.pool(poolFile);
  for (const { operation, proof } of operations) assert.equal(pool.add(operation, proof).valid, true);
  console.log(`a withdrawal: ${least(() => verifier.verifyStatement(withdrawal))}`);
  console.log(`an answer: ${least(() => verifier.verifyAnswer(answer, challenge))}`);
  console.log(`memory of a pool with ${operations.length} operations: ${pool.memoryBytes >> 10} KiB`);
});

test("a withdrawal says who is paid, how much, and nothing of the note", () => {
  const said = verifier.verifyStatement(withdrawal);
  assert.equal(said.valid, true, said.reason);
  assert.equal(said.kind, "withdrawal");
  assert.equal(said.amount, "700");
  assert.equal(said.fee, "1");
  assert.equal(said.asset, 0);
  assert.equal(said.recipient, `0x${"00".repeat(19)}c3`);
  assert.equal(said.account, undefined);
  assert.equal(said.preset, "smallest-128");
  assert.ok(said.bits >= 128);
  for (const digest of [said.anchor, said.domain, ...said.nullifiers, ...said.commitments]) assert.match(digest, /^[0-9a-f]{64}$/);
  assert.deepEqual(said.takenAsFound, ["domain", "anchor", "batchNumber", "spent"]);
});

test("what is known of a withdrawal is compared", () => {
  const { domain, anchor, validUntil, nullifiers } = verifier.verifyStatement(withdrawal);
  const known = { domain, anchors: [other, anchor], batchNumber: BigInt(validUntil), spent: [other] };
  const said = verifier.verifyStatement(withdrawal, known);
  assert.equal(said.valid, true, said.reason);
  assert.deepEqual(said.takenAsFound, []);
  const cases = [
    [{ domain: other }, /the domain is/],
    [{ anchors: [other] }, /none of the 1 roots/],
    [{ anchors: [] }, /none of the 0 roots/],
    [{ batchNumber: BigInt(validUntil) + 1n }, /it was valid until batch/],
    [{ spent: [other, ...nullifiers] }, /is spent already/],
    [{ association: { mode: "approved", root: other } }, /names no association set/],
  ];
  for (const [change, reason] of cases) refused(verifier.verifyStatement(withdrawal, { ...known, ...change }), "pin", reason);
});

test("a transfer says its fee, and no amount", () => {
  const said = verifier.verifyStatement(transfer);
  assert.equal(said.valid, true, said.reason);
  assert.equal(said.kind, "transfer");
  assert.deepEqual(said.fee, { amount: "2", asset: 0 });
  assert.equal("amount" in said, false);
  assert.equal(said.nullifiers.length, 2);
  assert.equal(said.commitments.length, 2);
  assert.equal(said.preset, "compact-128");
  refused(verifier.verifyStatement(transfer, { spent: [said.nullifiers[1]] }), "pin", /is spent already/);
});

test("malformed knowledge is refused, and none is taken for it", () => {
  for (const known of [{ domain: "zz" }, { anchors: other }, { batchNumber: -1 }, { batchNumber: "x" }, { realm: 1 }, { balance: {} }, { association: other }, { association: { mode: "refused", root: other } }, { association: { root: other } }, { spent: [other.slice(1)] }]) {
    const found = verifier.verifyStatement(withdrawal, known);
    refused(found, "expected", /./);
    assert.equal(found.unusable, true);
  }
  refused(verifier.verifyStatement(withdrawal, { anchors: Array(5000).fill(other) }), "expected", /more than 262144 bytes/);
});

test("every part of what a statement says is proven", () => {
  // The proof's length stands before it: what is said is all before that.
  const said = withdrawal.length - verifier.verifyStatement(withdrawal).proofBytes - 3;
  for (let at = 1; at < said; at += 1) {
    const changed = withdrawal.slice();
    changed[at] ^= 1;
    const found = verifier.verifyStatement(changed);
    assert.equal(found.valid, false, `byte ${at}`);
    assert.ok(["proof", "statement"].includes(found.stage), `byte ${at}: ${found.stage}`);
  }
});

test("an answer is verified against the challenge, and says the conditions as people write them", () => {
  const said = verifier.verifyAnswer(answer, challenge);
  assert.equal(said.valid, true, said.reason);
  assert.equal(said.kind, "credential");
  assert.deepEqual(said.predicates, ["birth_date <= 2008-11-28", "nationality in eu.json"]);
  assert.equal(said.sets["eu.json"].length, 27);
  assert.equal(said.issuer, "Town of Example");
  assert.equal(said.schema, "identity");
  assert.equal(said.verifier, "bar.example");
  assert.equal(said.challenge, asked.challenge);
  assert.equal(said.expires, String(asked.expires));
  assert.equal(said.today, asked.today);
  assert.match(said.pseudonym, /^[0-9a-f]{64}$/);
  assert.ok(said.bits >= 128);
  assert.deepEqual(said.takenAsFound, ["answered", "issuer"]);
});

test("an answer counts for its question alone", () => {
  const ask = (change) => {
    const changed = structuredClone(asked);
    change(changed);
    return verifier.verifyAnswer(answer, JSON.stringify(changed));
  };
  const cases = [
    [(c) => (c.challenge = other), /answers another challenge/],
    [(c) => (c.verifier = "bar.examplf"), /made for another verifier/],
    [(c) => (c.expires += 1), /was asked for/],
    [(c) => (c.today = "2026-01-01"), /it is for day/],
    [(c) => (c.issuer.keys = [other]), /another issuer/],
    [(c) => (c.issuer.schema.name = "identity2"), /another schema/],
    [(c) => (c.issuer.revoked = [5]), /another list of revoked/],
    [(c) => (c.pseudonym = false), /a pseudonym is missing, or was not asked for/],
    [(c) => (c.predicate = "birth_date <= 2008-11-27 and nationality in eu.json"), /other predicates/],
    [(c) => (c.predicate = "birth_date <= 2008-11-28"), /other predicates/],
    [(c) => c.sets["eu.json"].push("US"), /other predicates/],
  ];
  for (const [change, reason] of cases) refused(ask(change), "question", reason);
  // Too late, by the verifier's clock; and to the second.
  assert.equal(verifier.verifyAnswer(answer, challenge, { now: asked.expires }).valid, true);
  refused(verifier.verifyAnswer(answer, challenge, { now: asked.expires + 1 }), "question", /counts no more since 1 seconds/);
  refused(verifier.verifyAnswer(answer, challenge, { now: 2n ** 64n - 1n }), "question", /counts no more/);
  // A proof of another kind, and one that nobody asked for.
  refused(verifier.verifyAnswer(withdrawal, challenge), "question", /another kind of statement/);
  refused(verifier.verifyStatement(answer), "question", /no question was asked/);
  const changed = answer.slice();
  changed[changed.length >> 1] ^= 0x5a;
  refused(verifier.verifyAnswer(changed, challenge), "proof", /was changed/);
  // A list may be long: it is hashed for a true proof alone.
  const listed = structuredClone(asked);
  listed.issuer.revoked = [5];
  refused(verifier.verifyAnswer(changed, JSON.stringify(listed)), "proof", /was changed/);
});

/** What somebody asks; with the issuer of the fixtures. */
function question(change = {}) {
  return {
    verifier: "bar.example",
    predicate: "birth_date < 2008-11-29 and nationality in eu.json",
    issuer: JSON.parse(readFileSync(join(privateDirectory, "town", "issuer.json"), "utf8")),
    sets: { "eu.json": ["DE", "FR"], "unused.json": [1] },
    expires: asked.expires,
    ...change,
  };
}

test("a challenge that is made here is answered by the command, and verified here and there", () => {
  const made = verifier.ask(question());
  assert.equal(made.valid, true, made.reason);
  assert.equal(made.predicate, "birth_date <= 2008-11-28 and nationality in eu.json");
  const read = JSON.parse(made.text);
  assert.deepEqual(Object.keys(read.sets), ["eu.json"]);
  // Another one each time.
  assert.notEqual(JSON.parse(verifier.ask(question()).text).challenge, read.challenge);
  const place = mkdtempSync(join(tmpdir(), "winterlane-answer-"));
  writeFileSync(join(place, "challenge.json"), made.text);
  const run = (...words) => spawnSync(process.env.WINTERLANE, ["credential", ...words], { cwd: privateDirectory, encoding: "utf8" });
  const proved = run("prove", "--wallet", "alice", "--issuer", "town/issuer.json", "--credential", "alice.credential.json",
    "--challenge", join(place, "challenge.json"), "--out", join(place, "answer.proof"));
  assert.equal(proved.status, 0, proved.stderr);
  const proof = readFileSync(join(place, "answer.proof"));
  const said = verifier.verifyAnswer(proof, made.text);
  assert.equal(said.valid, true, said.reason);
  const there = run("verify", "--challenge", join(place, "challenge.json"), "--proof", join(place, "answer.proof"));
  assert.equal(there.status, 0, there.stderr);
  refused(verifier.verifyAnswer(answer, made.text), "question", /./);
  rmSync(place, { recursive: true });
});

test("a question that nobody can answer is refused with its reason", () => {
  const issuer = question().issuer;
  const cases = [
    [{ predicate: "birth_date <= 2008-13-28" }, /column 15: the calendar has no such day/],
    [{ predicate: "age >= 18" }, /have birth_date, nationality/],
    [{ predicate: "birth_date >= 5" }, /is a date/],
    [{ predicate: "" }, /a condition is missing/],
    [{ sets: {} }, /the set "eu.json" is not there/],
    [{ sets: { "eu.json": [] } }, /has 0 values/],
    [{ sets: { "eu.json": [1.5] } }, /whole number/],
    [{ issuer: {} }, /missing field/],
    [{ issuer: { ...issuer, more: 1 } }, /unknown field/],
    [{ today: "2026-02-30" }, /no such day/],
    [{ today: "1960-01-01" }, /before 1970/],
    [{ expires: "soon" }, /no number of seconds/],
    [{ expires: 2n ** 64n }, /no number of seconds/],
  ];
  for (const [change, reason] of cases) {
    const found = verifier.ask(question(change));
    refused(found, "challenge", reason);
    assert.equal(found.unusable, true);
  }
});

test("a code is a square with its three finders, and none for what is too long", () => {
  const { code, text } = verifier.ask(question());
  assert.ok((code.length - 17) % 4 === 0 && code.length >= 21 && code.length <= 177);
  const finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];
  const part = (x, y) => code.slice(y, y + 7).map((row) => row.slice(x, x + 7));
  for (const [x, y] of [[0, 0], [code.length - 7, 0], [0, code.length - 7]]) assert.deepEqual(part(x, y), finder);
  assert.ok(code.every((row) => row.length === code.length && /^[01]+$/.test(row)));
  assert.ok(text.length <= 2953);
  const long = verifier.ask(question({ sets: { "eu.json": Array.from({ length: 1000 }, (_, n) => `country ${n}`) } }));
  assert.equal(long.valid, true, long.reason);
  assert.equal(long.code, null);
});

test("a pool is verified from its first operation on", () => {
  const pool = verifier.pool(poolFile);
  const kinds = [];
  for (const { operation, proof } of operations) {
    const said = pool.add(operation, proof);
    assert.equal(said.valid, true, said.reason);
    assert.equal(said.bits >= 128, said.kind !== "shield");
    kinds.push(said.kind);
  }
  assert.deepEqual(kinds, ["shield", "shield", "transfer", "withdrawal"]);
  const end = pool.end();
  assert.equal(end.valid, true, end.reason);
  assert.equal(end.operations, "4");
  assert.deepEqual(end.held, [{ asset: 0, amount: String(1500 - 2 - 701) }]);
  assert.equal(end.spent, 3);
  assert.deepEqual(end.takenAsFound, ["domain", "end", "payments"]);
  refused(pool.end(), "use", /no pool was begun/);
  // The statement by itself is the one in the pool.
  const { domain, anchor } = verifier.verifyStatement(withdrawal);
  assert.equal(domain, end.domain);
  const again = verifier.pool(poolFile, { domain, anchor: end.anchor, operations: 4 });
  const said = operations.map(({ operation, proof }) => again.add(operation, proof));
  assert.equal(said[3].anchor, anchor);
  assert.deepEqual(again.end().takenAsFound, ["payments"]);
});

test("a pool that is none is refused, and so is what comes after", () => {
  refused(verifier.pool(poolFile, { domain: other }).end(), "pin", /the domain is/);
  for (const file of ["{}", "", "x", new TextDecoder().decode(poolFile).replace("pool-1", "pool-2")]) {
    const pool = verifier.pool(file);
    refused(pool.add(operations[0].operation), "poolFile", /./);
    refused(pool.end(), "poolFile", /./);
  }
  assert.throws(() => verifier.pool(poolFile, { domain: "x" }), TypeError);
  const attempt = (change) => {
    const pool = verifier.pool(poolFile);
    const all = operations.map((each) => ({ ...each }));
    change(all);
    for (const { operation, proof } of all) {
      const said = pool.add(operation, proof);
      if (!said.valid) {
        refused(pool.add(operations[0].operation), "use", /was refused/);
        refused(pool.end(), "use", /was refused/);
        return said;
      }
    }
    return pool.end();
  };
  const flipped = (bytes, at) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  // The note is spent twice; an operation is left out; the proof is missing, or another operation's.
  refused(attempt((all) => all.push(all[3])), "operation", /is spent already/);
  refused(attempt((all) => all.splice(1, 1)), "operation", /./);
  refused(attempt((all) => (all[3].proof = undefined)), "operation", /digest of a proof/);
  refused(attempt((all) => (all[3].proof = all[2].proof)), "operation", /digest of a proof/);
  // Somebody else is paid: byte 65 is the first of the recipient.
  refused(attempt((all) => (all[3].operation = flipped(all[3].operation, 65))), "proof", /the proof does not hold/);
  // Of another rollup: the proofs of the first are none of it.
  const elsewhere = JSON.parse(new TextDecoder().decode(poolFile));
  elsewhere.chain_id += 1;
  const pool = verifier.pool(JSON.stringify(elsewhere));
  const said = operations.map(({ operation, proof }) => pool.add(operation, proof));
  refused(said[2], "proof", /the proof does not hold/);
});

test("inputs that are too large are refused unread", () => {
  const large = new Uint8Array(MAX_STATEMENT_BYTES + 1);
  refused(verifier.verifyStatement(large), "proofSize", /at most/);
  refused(verifier.verifyAnswer(large, challenge), "proofSize", /at most/);
  refused(verifier.verifyAnswer(answer, new Uint8Array(MAX_CHALLENGE_BYTES + 1)), "challenge", /at most/);
  refused(verifier.ask(question({ verifier: "x".repeat(MAX_CHALLENGE_BYTES) })), "challenge", /at most/);
  for (const wrong of [undefined, null, 7, {}]) {
    assert.throws(() => verifier.verifyStatement(wrong), TypeError);
    assert.throws(() => verifier.verifyAnswer(wrong, challenge), TypeError);
    assert.throws(() => verifier.verifyAnswer(answer, wrong), TypeError);
    assert.throws(() => verifier.pool(wrong), TypeError);
  }
  assert.throws(() => verifier.verifyAnswer(answer, challenge, { now: "soon" }), SyntaxError);
  assert.equal(VerifierError.name, "VerifierError");
});

test("kinds of bytes and of files", () => {
  assert.equal(statementKind(withdrawal), "withdrawal");
  assert.equal(statementKind(transfer), "transfer");
  assert.equal(statementKind(answer), "credential");
  for (const none of ["", "x", new Uint8Array([1]), new Uint8Array([1, 5]), new Uint8Array([2, 1])]) assert.equal(statementKind(none), undefined);
  const named = (...names) => names.map((name) => ({ name }));
  assert.equal(kindOfFiles(named("pool.json", "operation-000000.op")), "pool");
  assert.equal(kindOfFiles(named("operation-000003.proof")), "pool");
  assert.equal(kindOfFiles(named("answer.proof", "challenge.json")), "statement");
  assert.equal(kindOfFiles(named("batch-0000.proof")), "batches");
  assert.equal(kindOfFiles(named("holiday.jpg")), "batches");
  assert.deepEqual(parseOperation("operation-000012.op"), { number: 12n, part: "operation" });
  for (const name of ["operation-12.op", "operation-0000012.op", "operation-000012.txt", "operation-00001x.op"]) {
    assert.equal(parseOperation(name), undefined, name);
  }
  const both = ["operation-000000.op", "operation-000000.proof", "operation-000001.op"];
  const sorted = sortPool(named("pool.json", ...both, ".lock", "operation-000002.proof"));
  assert.deepEqual(sorted.operations.map(({ number }) => number), [0n, 1n]);
  for (const [names, error] of [
    [both, /pool.json is missing/],
    [["pool.json", "operation-000001.op"], /operation 0 is missing/],
    [["pool.json", "operation-000000.op", "operation-000000.op"], /twice/],
    [["pool.json", "pool.json"], /twice/],
  ]) {
    assert.match(sortPool(named(...names)).error, error);
  }
  assert.match(sortStatement(named("a.proof", "b.proof")).error, /one at a time/);
  assert.match(sortStatement(named("a.proof", "b.json", "c.json")).error, /could be the challenge/);
});

test("a challenge about a balance is the question that the module takes", () => {
  const file = {
    format: "winterlane-balance-challenge-1",
    verifier: "bank.example",
    challenge: other,
    expires: 1_900_000_000,
    domain: other,
    asset: 7,
    at_least: "300",
    state_roots: [other],
  };
  const question = {
    stateRoots: [other],
    domain: other,
    asset: 7,
    atLeast: "300",
    verifier: "bank.example",
    challenge: other,
    expires: "1900000000",
  };
  assert.deepEqual(balanceQuestion(JSON.stringify(file)), question);
  const [bytes, root, domain] = [new TextEncoder().encode(JSON.stringify({ ...file, at_most: "400" })), "02".repeat(32), "03".repeat(32)];
  const bounded = balanceQuestion(bytes, { roots: [root], domain });
  assert.deepEqual(bounded, { ...question, atMost: "400", stateRoots: [other, root], domain });
  assert.equal(balanceQuestion(challenge), undefined);
  // The module knows all of its fields: a withdrawal is what it is, whatever else was asked.
  for (const balance of [question, bounded]) {
    const found = verifier.verifyStatement(withdrawal, { balance });
    assert.equal(found.valid, true, found.reason);
  }
  refused(verifier.verifyStatement(withdrawal, { balance: { ...question, more: 1 } }), "expected", /more/);
});

test("the examples do what they say", () => {
  const run = (name, ...words) => spawnSync(process.execPath, [join(web, "examples", name), ...words], { cwd: privateDirectory, encoding: "utf8" });
  const pool = run("verify-pool.js", "pool");
  assert.equal(pool.status, 0, pool.stderr);
  assert.match(pool.stdout, /operation 3: withdrawal, 12\d provable bits/);
  assert.equal(run("verify-pool.js", ".").status, 2);
  const paid = run("check-withdrawal.js", "withdrawal.proof", "pool");
  assert.equal(paid.status, 0, paid.stderr);
  assert.match(paid.stdout, /700 of asset 0 to 0x0+c3/);
  assert.equal(run("check-withdrawal.js", "answer.proof", "pool").status, 1);
  const place = mkdtempSync(join(tmpdir(), "winterlane-asked-"));
  const out = join(place, "asked.json");
  const ask = run("ask-credential.js", "ask", "town/issuer.json", "birth_date <= 2008-11-28", out);
  assert.equal(ask.status, 0, ask.stderr);
  assert.match(ask.stdout, /▀|▄|█/);
  const prove = spawnSync(process.env.WINTERLANE, ["credential", "prove", "--wallet", "alice", "--issuer", "town/issuer.json",
    "--credential", "alice.credential.json", "--challenge", out, "--out", join(place, "answer.proof")], { cwd: privateDirectory, encoding: "utf8" });
  assert.equal(prove.status, 0, prove.stderr);
  const check = () => run("ask-credential.js", "check", out, join(place, "answer.proof"));
  const first = check();
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /birth_date <= 2008-11-28/);
  // Once.
  assert.equal(existsSync(out), false);
  assert.equal(check().status, 2);
  rmSync(place, { recursive: true });
});
