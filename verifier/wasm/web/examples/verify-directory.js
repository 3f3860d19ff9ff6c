// Verifies a directory of batches, as `winterlane verify` does:
//
//     node examples/verify-directory.js DIRECTORY [OLD_ROOT]
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { load, MAX_FILE_BYTES } from "../lib/index.js";
import { addNumbered, sortFiles } from "../lib/files.js";

const [directory, oldRoot] = process.argv.slice(2);
if (!directory) {
  console.error("usage: node examples/verify-directory.js DIRECTORY [OLD_ROOT]");
  process.exit(2);
}

async function read(name) {
  const path = join(directory, name);
  const found = await stat(path);
  // Strangers' directories hold strangers' files: not before their size is known.
  if (!found.isFile() || found.size > MAX_FILE_BYTES) throw new Error(`${name} is no such file`);
  return readFile(path);
}

const files = (await readdir(directory)).map((name) => ({ name }));
const { batches, error } = sortFiles(files);
if (error) {
  console.error(error);
  process.exit(2);
}

const verifier = await load();
const chain = verifier.chain(oldRoot ? { oldRoot } : {});
for (const { number, publicFile, proof } of batches) {
  const answer = addNumbered(chain, number, await read(publicFile.name), await read(proof.name));
  if (!answer.valid) {
    console.error(`batch ${number}: ${JSON.stringify(answer.reason)}`);
    process.exit(answer.unusable ? 2 : 1);
  }
  console.log(`batch ${number}: ${answer.transfers} transfers, ${answer.bits} provable bits`);
}
const said = chain.end();
console.log(said);
process.exit(said.valid ? 0 : 1);
