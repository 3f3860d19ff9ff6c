// Hostile bytes against the module, where `usize` has 32 bits and a panic is a trap: whatever comes, the answer
// is a refusal, the memory stays below its bound, and the next batch is verified as ever.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { changed, random, small, web } from "./common.mjs";
import { MAX_MEMORY, Target, verifier } from "./target.mjs";

const [{ json, proof }] = small;

const target = new Target();

/** Still alive, and still right. */
function accepts() {
  assert.equal(target.status(json, proof), 0);
}

function refuses(bytes, what) {
  assert.equal(target.status(json, bytes), 1, what);
  assert.equal(target.stage(), "proof", what);
}

test("the module cannot reach anything, and its memory has a maximum", () => {
  assert.deepEqual(WebAssembly.Module.imports(verifier.module), []);
  const memory = new WebAssembly.Instance(verifier.module, {}).exports.memory;
  assert.throws(() => memory.grow(MAX_MEMORY / 65536), RangeError);
  accepts();
});

test("truncations", () => {
  // WINTERLANE_HOSTILE=all tries every length; else every one near both ends and every 61st between.
  const all = process.env.WINTERLANE_HOSTILE === "all";
  const near = 1024;
  let tried = 0;
  for (let length = 0; length < proof.length; length += 1) {
    const inner = length >= near && length < proof.length - near;
    if (inner && !all && length % 61 !== 0) continue;
    refuses(proof.subarray(0, length), `the first ${length} bytes`);
    tried += 1;
  }
  accepts();
  console.log(`${tried} truncations`);
});

test("every length of a public file", () => {
  // The file is of ASCII, so that bytes and characters are one.
  for (let length = 0; length < json.length - 1; length += 1) {
    const what = `the first ${length} bytes`;
    if (json.slice(length).trim() === "") continue;
    assert.equal(target.status(json.slice(0, length), proof), 2, what);
    assert.equal(target.stage(), "publicFile", what);
  }
  accepts();
});

test("surplus bytes", () => {
  for (const surplus of [1, 2, 8, 4096]) {
    for (const value of [0, 0xff]) {
      const longer = new Uint8Array(proof.length + surplus).fill(value);
      longer.set(proof);
      refuses(longer, `${surplus} bytes of ${value}`);
    }
  }
  accepts();
});

test("flipped bits", () => {
  const next = random(20);
  const bytes = proof.slice();
  const flip = (at, bit) => {
    bytes[at] ^= 1 << bit;
    refuses(bytes, `byte ${at}, bit ${bit}`);
    bytes[at] ^= 1 << bit;
  };
  // All of the header and what follows it, and of the nonce; then anywhere.
  for (let at = 0; at < 64; at += 1) for (let bit = 0; bit < 8; bit += 1) flip(at, bit);
  for (let at = proof.length - 8; at < proof.length; at += 1) for (let bit = 0; bit < 8; bit += 1) flip(at, bit);
  for (let count = 0; count < 1500; count += 1) flip(next() % proof.length, next() % 8);
  accepts();
});

test("huge lengths and numbers, wherever one could stand", () => {
  const next = random(32);
  const values = [0xff, 0x7f, 0x80, 0xfe, 0x00, 0x01];
  const bytes = proof.slice();
  const places = [];
  for (let at = 0; at < 256; at += 1) places.push(at);
  for (let count = 0; count < 150; count += 1) places.push(next() % proof.length);
  for (const at of places) {
    // Up to ten bytes: every width that an integer has in a proof, and varints of 2^32, 2^63 and beyond.
    for (const width of [1, 4, 8, 10]) {
      const value = values[next() % values.length];
      const end = Math.min(at + width, proof.length);
      bytes.fill(value, at, end);
      if (bytes.subarray(at, end).every((byte, index) => byte === proof[at + index])) continue;
      refuses(bytes, `${width} bytes of ${value} at ${at}`);
      bytes.set(proof.subarray(at, end), at);
    }
  }
  accepts();
});

test("every option of the header", () => {
  // Widths, random elements, length; length of the metadata; the modulus; ten options; constraints; queries.
  const header = 4 + 2 + 1 + 8 + 10 + 3 + 1;
  const bytes = proof.slice();
  for (let at = 0; at < header; at += 1) {
    for (let value = 0; value < 256; value += 1) {
      if (value === proof[at]) continue;
      bytes[at] = value;
      refuses(bytes, `byte ${at} is ${value}`);
    }
    bytes[at] = proof[at];
  }
  accepts();
});

test("noise and files that are something else", () => {
  const next = random(1);
  for (const length of [0, 1, 7, 64, 1000, 65537, 1 << 20, 4 << 20]) {
    for (const byte of [() => 0, () => 0xff, () => next() & 0xff]) {
      refuses(Uint8Array.from({ length }, byte), `${length} bytes`);
    }
  }
  refuses(readFileSync(join(web, "lib", "winterlane_verifier.wasm")).subarray(0, 4 << 20), "the module itself");
  refuses(new TextEncoder().encode(json), "the public file");
  refuses(small[1].proof, "another batch's proof");
  accepts();
});

test("numbers of the public inputs at the ends of their ranges", () => {
  const numbers = {
    num_operations: [0, 1, 3, 8192, 8193, 16384, 2 ** 31, 2 ** 32 - 1],
    batch_number: [1, 2 ** 32, 2 ** 53 - 1],
  };
  for (const [field, values] of Object.entries(numbers)) {
    for (const value of values) {
      if (value === JSON.parse(json).public_inputs[field]) continue;
      assert.equal(target.status(changed(json, (file) => (file.public_inputs[field] = value)), proof), 1, `${field} ${value}`);
    }
  }
  // Beyond JavaScript's numbers, and beyond what 62, 63 and 64 bits hold: as text in the JSON.
  for (const value of ["4611686018427387903", "4611686018427387904", "18446744073709551615"]) {
    const text = json.replace(/"batch_number": *\d+/, `"batch_number": ${value}`);
    assert.notEqual(text, json);
    assert.equal(target.status(text, proof), 1, value);
  }
  for (const value of ["18446744073709551616", "-1", "1e3", "0.5", "null", "[]"]) {
    assert.equal(target.status(json.replace(/"batch_number": *\d+/, `"batch_number": ${value}`), proof), 2, value);
  }
  accepts();
});

test("public files that are none", () => {
  const deep = "[".repeat(1 << 20);
  const texts = [
    "",
    "{",
    "null",
    "[]",
    deep,
    `{"format":${deep}`,
    `{"format":"${"\\u0000".repeat(100000)}"}`,
    "1".repeat(1 << 20),
    json.slice(0, -3),
    `${json}x`,
    json.replace("winterlane-batch-1", "winterlane-batch-2"),
    json.replace('"format"', '"format":"x","format"'),
    json.replace('"preset"', '"more":1,"preset"'),
    json.replace(/"records": *"/, (start) => `${start}0`),
    json.replace(/"records": *"/, (start) => `${start}FF`),
  ];
  for (const text of texts) assert.equal(target.status(text, proof), 2, text.slice(0, 80));
  assert.equal(target.status(Uint8Array.of(0xff, 0xfe, 0x00), proof), 2);
  accepts();
});

test("records that are none", () => {
  const { records } = JSON.parse(json);
  const next = random(7);
  const hex = (value) => value.toString(16).padStart(2, "0");
  const hostile = ["", "02", "02ff", `02${"ff".repeat(9)}01`, `${records}00`, records.slice(2), "ff".repeat(1 << 20), `0280c0${"00".repeat(100)}`];
  for (let length = 0; length < records.length; length += 2) hostile.push(records.slice(0, length));
  for (let count = 0; count < 500; count += 1) {
    const at = 2 * (next() % (records.length / 2));
    const byte = hex(parseInt(records.slice(at, at + 2), 16) ^ (1 << next() % 8));
    hostile.push(records.slice(0, at) + byte + records.slice(at + 2));
  }
  for (const text of hostile) {
    assert.equal(target.status(changed(json, (file) => (file.records = text)), proof), 1, text.slice(0, 80));
    assert.equal(target.stage(), "records");
  }
  accepts();
});

test("a host that uses the functions wrongly is told so", () => {
  const { exports } = new Target();
  // No such input, or none that long: every number that 32 bits hold is one of these.
  for (const which of [2, 3, 255, 2 ** 31, -1]) assert.equal(exports.winterlane_input(which, 1), 0);
  for (const bytes of [(4 << 20) + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, -1]) {
    for (const which of [0, 1]) assert.equal(exports.winterlane_input(which, bytes), 0);
  }
  assert.equal(exports.winterlane_add(), 2);
  assert.equal(exports.winterlane_end(), 2);
  // Nothing was written: no expectations at all.
  assert.equal(exports.winterlane_begin(), 2);
  assert.equal(exports.winterlane_add(), 2);
  // Room that is asked for again and again is given back.
  for (let count = 0; count < 1000; count += 1) assert.notEqual(exports.winterlane_input(count % 2, 4 << 20), 0);
  assert.ok(exports.memory.buffer.byteLength <= MAX_MEMORY);
});

test("the largest inputs that are taken stay below the memory's maximum", () => {
  const full = new Uint8Array(4 << 20);
  full.set(proof);
  refuses(full, "4 MiB");
  const padded = json + " ".repeat((4 << 20) - json.length);
  assert.equal(target.status(padded, full), 1);
  // The most records there are, for the longest answer; of another batch, so that they are refused.
  const most = `0280400000${"00".repeat(0)}`;
  assert.equal(target.status(changed(json, (file) => (file.records = most)), proof), 1);
  accepts();
  console.log(`memory: ${target.exports.memory.buffer.byteLength >> 10} KiB`);
});
