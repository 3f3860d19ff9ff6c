// Reads what was paid to one account out of a batch, after verifying the batch:
//
//     node examples/follow-payments.js batch-0000.public.json batch-0000.proof ACCOUNT
import { readFile } from "node:fs/promises";
import { load } from "../lib/index.js";

const [publicFile, proof, account] = process.argv.slice(2);
if (!account) {
  console.error("usage: node examples/follow-payments.js batch-NNNN.public.json batch-NNNN.proof ACCOUNT");
  process.exit(2);
}

const verifier = await load();
const batch = verifier.verifyBatch(await readFile(publicFile), await readFile(proof));
if (!batch.valid) {
  console.error(`nothing is known: ${JSON.stringify(batch.reason)}`);
  process.exit(1);
}
// Amounts are text, as they may be above 2^53: BigInt takes them.
const received = batch.records.filter((record) => record.to === Number(account));
for (const record of received) console.log(`slot ${record.slot}: ${record.kind} of ${record.amount}`);
const sum = received.reduce((sum, record) => sum + BigInt(record.amount ?? 0), 0n);
console.log(`account ${account} received ${sum} in batch ${batch.number}`);
