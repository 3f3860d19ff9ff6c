// What the suites share: batches that the command has made, and hostile variants of them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sortFiles, sortPool } from "../web/lib/files.js";

export const web = fileURLToPath(new URL("../web", import.meta.url));

const root = process.env.WINTERLANE_BATCHES;
if (!root) {
  console.error("WINTERLANE_BATCHES is not set: verifier/wasm/test/run makes the batches and sets it");
  process.exit(2);
}

/** A chain of small batches: at least two. */
export const smallDirectory = join(root, "small");

/** What `fixtures` made: a pool, statements, a credential with a challenge and its answer. */
export const privateDirectory = join(root, "private");

/** The bytes of one of its files. */
export const fixture = (name) => new Uint8Array(readFileSync(join(privateDirectory, name)));

/** The operations of its pool, in their order. */
export function poolOperations() {
  const directory = join(privateDirectory, "pool");
  const names = readdirSync(directory).map((name) => ({ name }));
  const { operations, error } = sortPool(names);
  assert.equal(error, undefined);
  const read = (file) => (file ? new Uint8Array(readFileSync(join(directory, file.name))) : undefined);
  return operations.map(({ operation, proof }) => ({ operation: read(operation), proof: read(proof) }));
}

/** The batches of a directory, in their order. */
export function batches(directory) {
  const { batches, error } = sortFiles(readdirSync(directory).map((name) => ({ name })));
  assert.equal(error, undefined);
  return batches.map(({ number, publicFile, proof }) => ({
    number,
    json: readFileSync(join(directory, publicFile.name), "utf8"),
    proof: new Uint8Array(readFileSync(join(directory, proof.name))),
  }));
}

export const small = batches(smallDirectory);
assert.ok(small.length >= 2);

/** The JSON of a public file with changes to its fields. */
export function changed(json, change) {
  const file = JSON.parse(json);
  change(file);
  return JSON.stringify(file);
}

/** Numbers below 2^32 that are the same in every run. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
}
