// Verifies away from the page, so that the page answers while it runs and can stop it at any time.
import { balanceQuestion, load, MAX_CHALLENGE_BYTES, MAX_FILE_BYTES, MAX_STATEMENT_BYTES, statementKind } from "../lib/index.js";
import { addNumbered } from "../lib/files.js";
import { fetchFile, fetchPublic } from "./node.js";

/** Records or operations that are sent to the page, all together; the page holds them in memory. */
const MAX_RECORDS = 100_000;

const verifier = load();
// A module that cannot be loaded is said when it is asked for.
verifier.catch(() => {});

const TASKS = { batches, pool, statement, ask };

onmessage = async ({ data }) => {
  try {
    postMessage({ event: "done", task: data.task, ...(await TASKS[data.task](await verifier, data)) });
  } catch (error) {
    postMessage({ event: "failed", task: data.task, reason: String(error?.message ?? error) });
  }
};

async function batches(loaded, { expected, claims }) {
  const began = performance.now();
  const chain = loaded.chain(expected);
  let left = MAX_RECORDS;
  let verifying = 0;
  for (const [index, { number, publicFile, proof }] of claims.entries()) {
    postMessage({ event: "progress", index, of: claims.length, what: "Batch", number });
    const files = [await read(publicFile), await read(proof)];
    const start = performance.now();
    const answer = addNumbered(chain, number, ...files);
    verifying += performance.now() - start;
    if (!answer.valid) return { valid: false, number, ...answer };
    left -= answer.records.length;
    if (left < 0) answer.records = undefined;
    postMessage({ event: "part", part: answer });
  }
  const end = chain.end();
  return { ...end, milliseconds: performance.now() - began, verifying, memoryBytes: chain.memoryBytes };
}

async function pool(loaded, { expected, poolFile, operations }) {
  const began = performance.now();
  const chain = loaded.pool(await read(poolFile, MAX_CHALLENGE_BYTES), expected);
  for (const [index, { number, operation, proof }] of operations.entries()) {
    if (chain.refused) break;
    postMessage({ event: "progress", index, of: operations.length, what: "Operation", number });
    const files = [await read(operation, MAX_CHALLENGE_BYTES), proof ? await read(proof, MAX_STATEMENT_BYTES) : undefined];
    const answer = chain.add(...files);
    if (!answer.valid) return { valid: false, number, ...answer };
    if (index < MAX_RECORDS) postMessage({ event: "part", part: answer });
  }
  return { ...chain.end(), milliseconds: performance.now() - began };
}

/** One private proof. One about a credential or a balance answers the challenge that was made here, or the one beside it. */
async function statement(loaded, { known, roots, proof, challenge, now }) {
  const bytes = await read(proof, MAX_STATEMENT_BYTES);
  const asked = typeof challenge === "string" || challenge === undefined ? challenge : await read(challenge, MAX_CHALLENGE_BYTES);
  const began = performance.now();
  const kind = asked === undefined ? undefined : statementKind(bytes);
  const balance = kind === "balance" ? balanceQuestion(asked, { roots, domain: known.domain }) : undefined;
  const answer =
    kind === "credential"
      ? loaded.verifyAnswer(bytes, asked, { now })
      : loaded.verifyStatement(bytes, balance === undefined ? known : { ...known, balance }, { now });
  return { ...answer, milliseconds: performance.now() - began };
}

/** Makes a challenge of what the form says and its files. */
async function ask(loaded, { question, issuer, sets }) {
  const json = async (file) => {
    const text = new TextDecoder().decode(await read(file, MAX_CHALLENGE_BYTES));
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`${file.name} is no JSON: ${error.message}`);
    }
  };
  const values = {};
  for (const file of sets) values[file.name] = await json(file);
  return loaded.ask({ ...question, issuer: await json(issuer), sets: values });
}

/** The bytes of a file, or of what a node serves in its place; not more of them than such a file can have. */
async function read(source, most = MAX_FILE_BYTES) {
  if (source.file) return fetchFile(source, most);
  if (source.view) return fetchPublic(source, most);
  if (source.size > most) {
    throw new Error(`${source.name}: ${source.size} bytes, and no such file has more than ${most}`);
  }
  return source.arrayBuffer();
}
