// Verifies the directory of a shielded pool from its first operation on:
//
//     node examples/verify-pool.js POOL [DOMAIN]
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { load, MAX_STATEMENT_BYTES } from "../lib/index.js";
import { sortPool } from "../lib/files.js";

const [directory, domain] = process.argv.slice(2);
if (!directory) {
  console.error("usage: node examples/verify-pool.js POOL [DOMAIN]");
  process.exit(2);
}

async function read({ name }) {
  const path = join(directory, name);
  const found = await stat(path);
  // Strangers' directories hold strangers' files: not before their size is known.
  if (!found.isFile() || found.size > MAX_STATEMENT_BYTES) throw new Error(`${name} is no such file`);
  return readFile(path);
}

const files = (await readdir(directory)).map((name) => ({ name }));
const { poolFile, operations, error } = sortPool(files);
if (error) {
  console.error(error);
  process.exit(2);
}

const pool = (await load()).pool(await read(poolFile), domain ? { domain } : {});
for (const { number, operation, proof } of operations) {
  const said = pool.add(await read(operation), proof && (await read(proof)));
  if (!said.valid) {
    console.error(`operation ${number}: ${JSON.stringify(said.reason)}`);
    process.exit(said.unusable ? 2 : 1);
  }
  console.log(`operation ${number}: ${said.kind}${said.bits ? `, ${said.bits} provable bits` : ""}`);
}
const said = pool.end();
console.log(said);
process.exit(said.valid ? 0 : 1);
