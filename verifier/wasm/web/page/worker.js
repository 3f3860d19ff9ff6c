// Verifies away from the page, so that the page answers while it runs and can stop it at any time.
import { load, MAX_FILE_BYTES } from "../lib/index.js";
import { addNumbered } from "../lib/files.js";
import { fetchFile, fetchPublic } from "./node.js";

/** Records that are sent to the page, of all batches together; the page holds them in memory. */
const MAX_RECORDS = 100_000;

const verifier = load();
// A module that cannot be loaded is said when it is asked for.
verifier.catch(() => {});

onmessage = async ({ data: { expected, batches } }) => {
  try {
    postMessage({ kind: "done", ...(await verify(expected, batches)) });
  } catch (error) {
    postMessage({ kind: "failed", reason: String(error?.message ?? error) });
  }
};

async function verify(expected, batches) {
  const loaded = await verifier;
  const began = performance.now();
  const chain = loaded.chain(expected);
  let left = MAX_RECORDS;
  let verifying = 0;
  for (const [index, { number, publicFile, proof }] of batches.entries()) {
    postMessage({ kind: "progress", index, of: batches.length, number });
    const files = [await read(publicFile), await read(proof)];
    const start = performance.now();
    const answer = addNumbered(chain, number, ...files);
    verifying += performance.now() - start;
    if (!answer.valid) return { valid: false, number, ...answer };
    left -= answer.records.length;
    if (left < 0) answer.records = undefined;
    postMessage({ kind: "batch", batch: answer });
  }
  const end = chain.end();
  return { ...end, milliseconds: performance.now() - began, verifying, memoryBytes: chain.memoryBytes };
}

/** The bytes of a file, or of what a node serves in its place; not more of them than such a file can have. */
async function read(source) {
  if (source.file) return fetchFile(source, MAX_FILE_BYTES);
  if (source.view) return fetchPublic(source, MAX_FILE_BYTES);
  if (source.size > MAX_FILE_BYTES) {
    throw new Error(`${source.name}: ${source.size} bytes, and no such file has more than ${MAX_FILE_BYTES}`);
  }
  return source.arrayBuffer();
}
