// Batches from a node, or from any server that has their files under their names.
import { fileNames } from "../lib/files.js";

/**
 * Where batches are: under a node's `/v1/batches/`, which may ask for a key, or as files.
 *
 * A source is `{ file, key }`, the address of bytes, or `{ view, records, number, key }`, of what a public file
 * is made of.
 */
export function nodeBatches(address, first, count, { asFiles = false, key = "" } = {}) {
  const base = new URL(address);
  if (base.protocol !== "https:" && base.protocol !== "http:") throw new Error("the address begins with https://");
  base.search = "";
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return Array.from({ length: count }, (_, index) => {
    const number = first + BigInt(index);
    if (asFiles) {
      const { publicFile, proof } = fileNames(number);
      const at = (name) => ({ file: new URL(name, base).href, key });
      return { number, publicFile: at(publicFile), proof: at(proof) };
    }
    const view = new URL(`v1/batches/${number}`, base).href;
    return {
      number,
      publicFile: { view, records: `${view}/records`, number, key },
      proof: { file: `${view}/proof`, key },
    };
  });
}

/** What lies at an address: at most `limit` bytes of it, however much is sent. */
export async function fetchFile({ file, key }, limit) {
  const options = {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    cache: "no-store",
    headers: key ? { authorization: `Bearer ${key}` } : {},
  };
  const response = await fetch(file, options).catch((error) => {
    throw new Error(`${file} cannot be fetched (${error.message}): it is not there, or does not allow other pages to read it`);
  });
  if (response.status === 401 || response.status === 403) throw new Error(`${file}: the node asks for a key that may read`);
  if (!response.ok) throw new Error(`${file}: the node answers with status ${response.status}`);
  const parts = [];
  let length = 0;
  const reader = (response.body ?? new Blob().stream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new Error(`${file}: more than ${limit} bytes, and no such file has as many`);
    }
    parts.push(value);
  }
  return new Blob(parts).arrayBuffer();
}

/** A public file of what a node says of a batch. It names no preset. */
export async function fetchPublic({ view, records, number, key }, limit) {
  const said = JSON.parse(new TextDecoder().decode(await fetchFile({ file: view, key }, limit)));
  // Half the limit: in hexadecimal there are twice as many.
  const bytes = new Uint8Array(await fetchFile({ file: records, key }, limit / 2 - 4096));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const { domain, old_root, new_root, operations_digest, slots } = said;
  const inputs = { domain, old_root, new_root, operations_digest, num_operations: slots };
  const json = JSON.stringify({ format: "winterlane-batch-1", preset: "", public_inputs: inputs, records: hex });
  // The number as digits: JavaScript's own numbers end at 2^53. What is proven is the batch that was asked for.
  return new TextEncoder().encode(json.replace('"public_inputs":{', `"public_inputs":{"batch_number":${number},`)).buffer;
}
