// Checks a private withdrawal that somebody shows, against the pool that one has verified oneself: that its anchor is
// one of the pool's roots, that the pool is of that rollup, and whether the pool has taken it.
//
//     node examples/check-withdrawal.js STATEMENT POOL
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "../lib/index.js";
import { sortPool } from "../lib/files.js";

const [statement, directory] = process.argv.slice(2);
if (!directory) {
  console.error("usage: node examples/check-withdrawal.js STATEMENT POOL");
  process.exit(2);
}

const verifier = await load();
const read = ({ name }) => readFile(join(directory, name));
const { poolFile, operations, error } = sortPool((await readdir(directory)).map((name) => ({ name })));
if (error) throw new Error(error);
const pool = verifier.pool(await read(poolFile));
const taken = new Map();
const anchors = [];
for (const { number, operation, proof } of operations) {
  const said = pool.add(await read(operation), proof && (await read(proof)));
  if (!said.valid) throw new Error(`operation ${number}: ${said.reason}`);
  if (said.anchor) anchors.push(said.anchor);
  for (const nullifier of said.nullifiers ?? []) taken.set(nullifier, number);
}
const { domain, anchor } = pool.end();

const said = verifier.verifyStatement(await readFile(statement), { domain, anchors: [...anchors, anchor] });
if (!said.valid || said.kind !== "withdrawal") {
  console.error(said.valid ? `it is a ${said.kind}` : JSON.stringify(said.reason));
  process.exit(1);
}
console.log(`${said.amount} of asset ${said.asset} to ${said.recipient}, ${said.bits} provable bits`);
const number = taken.get(said.nullifiers[0]);
console.log(number === undefined ? "the pool has not taken it yet" : `operation ${number} of the pool has spent that note`);
