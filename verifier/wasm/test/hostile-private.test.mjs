// Hostile bytes against what the module knows of private proofs: whatever comes, the answer is a refusal at the stage
// that it concerns, the memory stays below its bound, and the honest input is accepted as ever.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, poolOperations, random } from "./common.mjs";
import { MAX_MEMORY, Target } from "./target.mjs";

const all = process.env.WINTERLANE_HOSTILE === "all";
const target = new Target();
const withdrawal = fixture("withdrawal.proof");
const answer = fixture("answer.proof");
const challenge = fixture("challenge.json");
const poolFile = fixture("pool/pool.json");
const operations = poolOperations();
const text = (bytes) => new TextDecoder().decode(bytes);
const asked = JSON.parse(text(challenge));
const NOW = BigInt(asked.expires);

/** The two kinds of private proofs, each with the call that takes it. */
const KINDS = {
  withdrawal: { honest: withdrawal, call: (bytes, known = "{}") => target.call("winterlane_statement", [known, bytes], NOW) },
  answer: { honest: answer, call: (bytes, question = challenge) => target.call("winterlane_answer", [question, bytes], NOW) },
};

/** Still alive, and still right. */
function accepts() {
  for (const [kind, { honest, call }] of Object.entries(KINDS)) assert.equal(call(honest), 0, kind);
  pool(operations, 0);
}

/** The status of the last of these operations, of a pool of their own; those before it are accepted. */
function pool(some, expected, file = poolFile, what = "") {
  assert.equal(target.call("winterlane_pool_begin", ["{}", file]), 0);
  for (const [index, { operation, proof }] of some.entries()) {
    const status = target.call("winterlane_pool_add", [operation, proof ?? new Uint8Array()]);
    const right = index + 1 < some.length ? [0] : [expected].flat();
    assert.ok(right.includes(status), `${what}: ${status}`);
  }
}

/** A number of seven bits a byte, the last byte without the eighth. */
function varint(number) {
  const bytes = [];
  for (let left = BigInt(number); ; left >>= 7n) {
    if (left < 128n) return [...bytes, Number(left)];
    bytes.push(Number(left & 127n) | 128);
  }
}

/** Where the proof begins in a statement, after its length. */
function proofStart(bytes) {
  // The varint that says how many bytes follow it.
  for (let at = bytes.length; at > 1; at -= 1) {
    const number = varint(bytes.length - at);
    if (at - number.length > 64 && number.every((byte, index) => bytes[at - number.length + index] === byte) && at < 1024) return at;
  }
  throw new Error("no length stands before the proof");
}

const STARTS = Object.fromEntries(Object.entries(KINDS).map(([kind, { honest }]) => [kind, proofStart(honest)]));

/** A statement with another proof in it, of the length that it then says. */
function withProof(kind, proof) {
  const { honest } = KINDS[kind];
  const start = STARTS[kind] - varint(honest.length - STARTS[kind]).length;
  return Uint8Array.from([...honest.subarray(0, start), ...varint(proof.length), ...proof]);
}

test("every length of a private proof with what it says", () => {
  for (const [kind, { honest, call }] of Object.entries(KINDS)) {
    for (let length = 0; length < honest.length; length += 1) {
      assert.equal(call(honest.subarray(0, length)), 2, `${kind}, the first ${length} bytes`);
    }
    assert.equal(target.stage(), "statement");
  }
  accepts();
});

test("truncations of the proof inside", () => {
  // WINTERLANE_HOSTILE=all tries every length; else every one near both ends and every 4999th between: before it is
  // refused, such a proof is looked at under each preset, which takes as long as verifying one.
  let tried = 0;
  for (const [kind, { honest, call }] of Object.entries(KINDS)) {
    const proof = honest.subarray(STARTS[kind]);
    const near = 24;
    for (let length = 0; length < proof.length; length += 1) {
      const inner = length >= near && length < proof.length - near;
      if (inner && !all && length % 4999 !== 0) continue;
      assert.equal(call(withProof(kind, proof.subarray(0, length))), 1, `${kind}, the first ${length} bytes of the proof`);
      assert.equal(target.stage(), "proof");
      tried += 1;
    }
    // And what is too long.
    for (const surplus of [1, 2, 8, 4096]) {
      assert.equal(call(withProof(kind, Uint8Array.from([...proof, ...new Uint8Array(surplus)]))), 1);
      const longer = new Uint8Array(honest.length + surplus);
      longer.set(honest);
      assert.equal(call(longer), 2);
    }
  }
  accepts();
  console.log(`${tried} truncations of proofs inside`);
});

test("flipped bits", () => {
  const next = random(21);
  for (const [kind, { honest, call }] of Object.entries(KINDS)) {
    const bytes = honest.slice();
    const flip = (at, bit) => {
      bytes[at] ^= 1 << bit;
      const status = call(bytes);
      assert.ok(status === 1 || status === 2, `${kind}, byte ${at}, bit ${bit}: ${status}`);
      bytes[at] ^= 1 << bit;
    };
    // A bit of every second byte of what is said, of the length, and of the proof's header; then anywhere.
    for (let at = 0; at < STARTS[kind] + 40; at += all ? 1 : 2) flip(at, next() % 8);
    for (let count = 0; count < (all ? 2000 : 60); count += 1) flip(next() % honest.length, next() % 8);
  }
  accepts();
});

test("huge lengths and numbers, wherever one could stand", () => {
  const huge = [2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 70n - 1n];
  for (const [kind, { honest, call }] of Object.entries(KINDS)) {
    const start = STARTS[kind];
    const length = varint(honest.length - start).length;
    // In place of the proof's length, and put in at every place of what is said.
    for (const number of huge) {
      const put = (at, left) => Uint8Array.from([...honest.subarray(0, at), ...varint(number), ...honest.subarray(at + left)]);
      assert.equal(call(put(start - length, length)), 2, `${kind}: ${number} bytes of proof`);
      assert.equal(target.stage(), "statement");
      for (let at = Number(number % 5n); at < start; at += all ? 1 : 5) assert.notEqual(call(put(at, 1)), 0, `${kind}: ${number} at ${at}`);
    }
    // A length in more bytes than it needs.
    const long = [...varint(honest.length - start)];
    long[long.length - 1] |= 0x80;
    const spelt = Uint8Array.from([...honest.subarray(0, start - length), ...long, 0, ...honest.subarray(start)]);
    assert.equal(call(spelt), 2, kind);
  }
  // Encrypted notes, amounts and numbers of operations.
  for (const [index, { operation, proof }] of operations.entries()) {
    const before = operations.slice(0, Math.min(index, 1));
    for (const number of huge) {
      for (let at = 0; at < operation.length; at += Math.max(1, operation.length >> (all ? 6 : 3))) {
        const bytes = Uint8Array.from([...operation.subarray(0, at), ...varint(number), ...operation.subarray(at + 1)]);
        // What shields has no proof: with another amount or asset it is another operation, and a true one.
        const right = proof ? 1 : [0, 1];
        pool([...before, { operation: bytes, proof }], right, poolFile, `operation ${index}: ${number} at ${at}`);
      }
    }
  }
  accepts();
});

test("noise and files that are something else", () => {
  const next = random(2);
  for (const [kind, { call }] of Object.entries(KINDS)) {
    for (const length of [0, 1, 7, 64, 1000, 65537, 1 << 20, (1 << 20) + 4096, (1 << 20) + 4097, 4 << 20]) {
      for (const byte of [() => 0, () => 0xff, () => next() & 0xff]) {
        const bytes = Uint8Array.from({ length }, byte);
        // Of each kind there is, as far as the first two bytes go.
        for (const kind of [undefined, 0, 1, 2, 3, 4, 5]) {
          if (kind !== undefined && length > 1) bytes.set([1, kind]);
          assert.equal(call(bytes), 2, `${kind}: ${length} bytes`);
        }
      }
    }
  }
  // A proof of another kind under what is said, and noise under it.
  assert.equal(KINDS.withdrawal.call(withProof("withdrawal", answer.subarray(STARTS.answer))), 1);
  assert.equal(KINDS.answer.call(withProof("answer", withdrawal.subarray(STARTS.withdrawal))), 1);
  for (const length of [0, 1, 100, 1 << 16, 1 << 20]) {
    const noise = Uint8Array.from({ length }, () => next() & 0xff);
    assert.equal(KINDS.withdrawal.call(withProof("withdrawal", noise)), 1);
    assert.equal(target.stage(), "proof");
  }
  accepts();
});

/** JSON that is nested, long or odd. */
const deep = (count) => "[".repeat(count);
const odd = () => [
  "",
  "{",
  "null",
  "[]",
  "0",
  '"x"',
  deep(1000),
  deep(200_000),
  `{"format":${deep(200_000)}`,
  `{"sets":{"a":${deep(100_000)}`,
  `{"issuer":{"schema":{"name":"x","attributes":{"a":${deep(100_000)}`,
  `{"balance":${'{"domain":'.repeat(50_000)}`,
  "1".repeat(200_000),
  `${" ".repeat(200_000)}{}x`,
  `{"a":"${"\\u0000".repeat(30_000)}"}`,
  Uint8Array.of(0xff, 0xfe, 0x00),
];

test("challenges that are none", () => {
  const honest = JSON.stringify(asked);
  const change = (words, by) => honest.replace(words, by);
  const hostile = [
    ...odd(),
    change("winterlane-challenge-1", "winterlane-challenge-2"),
    change('"format"', '"format":"x","format"'),
    change('"verifier"', '"more":1,"verifier"'),
    change(/"expires":\d+/, '"expires":18446744073709551616'),
    change(/"expires":\d+/, '"expires":-1'),
    change(/"expires":\d+/, '"expires":1e3'),
    change(/"today":"[^"]*"/, '"today":"2026-02-30"'),
    change(/"today":"[^"]*"/, '"today":"1960-01-01"'),
    change(/"predicate":"[^"]*"/, '"predicate":""'),
    change(/"predicate":"[^"]*"/, `"predicate":"${"a < 1 and ".repeat(20_000)}a < 1"`),
    change(/"predicate":"[^"]*"/, `"predicate":"${"{".repeat(100_000)}"`),
    change(/"predicate":"[^"]*"/, `"predicate":"birth_date <= 2008-11-28 and nationality in ${"é".repeat(10_000)}"`),
    change(/"revoked":\[\]/, '"revoked":[4294967296]'),
    change(/"revoked":\[\]/, '"revoked":[-1]'),
    change(/"values":3/, '"values":255'),
    change(/"values":3/, '"values":256'),
    change(/"values":3/, '"values":0'),
    change('"date"', '"colour"'),
    change('"DE"', "9007199254740992"),
    change('"DE"', "[]"),
    change('"DE"', '"2001-02-30"'),
    change('"DE"', `"${"x".repeat(2000)}"`),
    `${text(challenge).trimEnd()}x`,
    `${text(challenge)}${" ".repeat((1 << 20) - challenge.length + 1)}`,
  ];
  for (const [index, question] of hostile.entries()) {
    assert.notEqual(question, honest, `${index} changes nothing`);
    assert.equal(KINDS.answer.call(answer, question), 2, `${index}: ${String(question).slice(0, 60)}`);
    assert.equal(target.stage(), "challenge");
  }
  // Every length.
  const whole = text(challenge).trimEnd();
  for (let length = 0; length < whole.length; length += 1) assert.equal(KINDS.answer.call(answer, whole.slice(0, length)), 2);
  // Another one, by one of its bytes: it is none, or another question.
  const next = random(9);
  for (let count = 0; count < 500; count += 1) {
    const bytes = challenge.slice(0, whole.length);
    bytes[next() % bytes.length] ^= 1 << next() % 8;
    const status = KINDS.answer.call(answer, bytes);
    // The same question still: names for people differ, or the case of digits and of the word `and`.
    const same = ({ challenge, predicate, issuer, ...rest }) => ({
      ...rest,
      challenge: challenge.toLowerCase(),
      predicate: predicate.toLowerCase(),
      issuer: { ...issuer, name: "", format: "", keys: issuer.keys.map((key) => key.toLowerCase()) },
    });
    if (status === 0) assert.deepEqual(same(JSON.parse(text(bytes))), same(asked));
  }
  accepts();
});

test("the largest questions stay below the memory's maximum", () => {
  const changed = (change) => {
    const copy = structuredClone(asked);
    change(copy);
    return JSON.stringify(copy);
  };
  // Many revoked credentials; some, far apart, whose tree is large; and the largest set.
  const near = Array.from({ length: 50_000 }, (_, index) => index);
  const far = Array.from({ length: 1000 }, (_, index) => (index * 4_214_213) >>> 0);
  const set = Array.from({ length: 65_536 }, (_, index) => `c${index}`);
  for (const question of [
    changed((copy) => (copy.issuer.revoked = near)),
    changed((copy) => (copy.issuer.revoked = far)),
    changed((copy) => (copy.sets["eu.json"] = set)),
  ]) {
    assert.ok(question.length <= 1 << 20);
    assert.equal(KINDS.answer.call(answer, question), 1);
    assert.equal(target.stage(), "question");
  }
  const more = changed((copy) => (copy.sets["eu.json"] = [...set.slice(1), "x", "y"].map((each) => each.slice(0, 6))));
  assert.equal(KINDS.answer.call(answer, more), 2);
  accepts();
  console.log(`memory: ${target.exports.memory.buffer.byteLength >> 10} KiB`);
});

test("questions to ask that are none", () => {
  const { verifier, predicate, issuer, sets, today } = asked;
  const honest = { verifier, predicate, issuer, sets, today, expires: "5", random: "ab".repeat(32) };
  const ask = (request) => target.call("winterlane_ask", [typeof request === "string" || request instanceof Uint8Array ? request : JSON.stringify(request)]);
  assert.equal(ask(honest), 0);
  const hostile = [
    ...odd(),
    { ...honest, random: "ab".repeat(31) },
    { ...honest, random: "ab".repeat(33) },
    { ...honest, random: "é".repeat(32) },
    { ...honest, random: "" },
    { ...honest, expires: "-1" },
    { ...honest, expires: 5 },
    { ...honest, more: 1 },
    { ...honest, predicate: "<".repeat(100_000) },
    { ...honest, predicate: '"'.repeat(100_001) },
    { ...honest, predicate: "é".repeat(50_000) },
    { ...honest, predicate: "\u0000 = 1" },
    { ...honest, predicate: `birth_date <= ${"9".repeat(100_000)}` },
    { ...honest, sets: { "eu.json": [null] } },
    { ...honest, issuer: { ...issuer, keys: ["00"] } },
    { ...honest, issuer: { ...issuer, keys: ["ff".repeat(32)] } },
  ];
  for (const request of hostile) {
    assert.equal(ask(request), 2, JSON.stringify(request).slice(0, 80));
    assert.equal(target.stage(), "challenge");
  }
  const whole = JSON.stringify(honest);
  for (let length = 0; length < whole.length; length += 1) assert.equal(ask(whole.slice(0, length)), 2);
  // Names of any length and letters, as far as they fit: what comes back is what was given.
  for (const name of ["", "\u0000\u202e<b>", "x".repeat(500_000), "\ud83d\ude00"]) {
    assert.equal(ask({ ...honest, verifier: name }), 0);
    assert.equal(JSON.parse(target.answer().text).verifier, name);
  }
  // Texts around the longest that a code holds.
  for (let length = 1400; length < 2400; length += 7) assert.equal(ask({ ...honest, verifier: "x".repeat(length) }), 0);
  accepts();
});

test("knowledge that is none", () => {
  for (const known of [...odd().filter((each) => each !== "[]"), '{"domain":"00"}', '{"balance":{}}', `{"spent":[${'"",'.repeat(50_000)}""]}`, `{}${" ".repeat(1 << 18)}`]) {
    const status = KINDS.withdrawal.call(withdrawal, known);
    assert.equal(status, 2, String(known).slice(0, 60));
    assert.equal(target.stage(), "expected");
  }
  accepts();
});

test("pools and operations that are none", () => {
  for (const file of [...odd(), text(poolFile).replace("pool-1", "pool-9"), text(poolFile).replace(/"chain_id": *\d+/, '"chain_id":18446744073709551616'), `${text(poolFile)}${" ".repeat(5000)}`]) {
    assert.equal(target.call("winterlane_pool_begin", ["{}", file]), 2, String(file).slice(0, 60));
    assert.equal(target.call("winterlane_pool_add", [operations[0].operation, ""]), 2);
    assert.equal(target.stage(), "use");
  }
  const whole = text(poolFile).trimEnd();
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(target.call("winterlane_pool_begin", ["{}", whole.slice(0, length)]), 2);
  }
  // Every length of every operation, and every kind; inside of encrypted notes, which are read as one piece, every 29th.
  const shields = operations.filter(({ proof }) => !proof);
  for (const [index, { operation, proof }] of operations.entries()) {
    const before = proof ? shields.slice(0, 1) : [];
    for (let length = 0; length < operation.length; length += 1) {
      const inner = length >= 200 && length < operation.length - 200;
      if (inner && !all && length % 29 !== 0) continue;
      pool([...before, { operation: operation.subarray(0, length), proof }], 1, poolFile, `operation ${index}, ${length} bytes`);
      assert.equal(target.stage(), "operation");
    }
    pool([...before, { operation: Uint8Array.from([...operation, 0]), proof }], 1);
    for (let value = 1; value < 256; value += 1) {
      if (value === operation[0]) continue;
      const changed = operation.slice();
      changed[0] = value;
      pool([...before, { operation: changed, proof }], 1, poolFile, `operation ${index} of kind ${value}`);
    }
  }
  // Of a proof every bit counts, by its digest.
  const [{ operation, proof }] = operations.filter(({ proof }) => proof);
  const next = random(3);
  for (let count = 0; count < 300; count += 1) {
    const changed = proof.slice();
    changed[next() % proof.length] ^= 1 << next() % 8;
    pool([...shields, { operation, proof: changed }], 1);
  }
  for (const length of [65_536, 65_537, 4 << 20]) pool([{ operation: new Uint8Array(length), proof: undefined }], 1);
  accepts();
});

test("a host that uses the functions wrongly is told so", () => {
  const fresh = new Target();
  const { exports } = fresh;
  for (const name of ["pool_add", "pool_end", "pool_begin", "ask"]) assert.equal(exports[`winterlane_${name}`](), 2, name);
  for (const now of [0n, -1n, 2n ** 63n]) {
    for (const name of ["statement", "answer"]) assert.equal(exports[`winterlane_${name}`](now), 2, name);
  }
  // The inputs of one call are not those of the next.
  fresh.input(0, new TextEncoder().encode("{}"));
  fresh.input(1, withdrawal);
  assert.equal(exports.winterlane_statement(NOW), 0);
  assert.equal(exports.winterlane_statement(NOW), 2);
  // A chain and a pool beside one another, and a refused one of them.
  assert.equal(fresh.call("winterlane_begin", ["{}"]), 0);
  assert.equal(fresh.call("winterlane_pool_begin", ["{}", poolFile]), 0);
  assert.equal(fresh.call("winterlane_add", ["", ""]), 2);
  assert.equal(fresh.call("winterlane_pool_add", [operations[0].operation, ""]), 0);
  assert.equal(exports.winterlane_end(), 2);
  assert.equal(exports.winterlane_pool_end(), 0);
  assert.ok(exports.memory.buffer.byteLength <= MAX_MEMORY);
});
