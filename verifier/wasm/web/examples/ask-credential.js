// A verifier of credentials: asks, and checks the answer, once.
//
//     node examples/ask-credential.js ask issuer.json 'birth_date <= 2008-11-28' challenge.json
//     node examples/ask-credential.js check challenge.json answer.proof
import { readFile, rm, writeFile } from "node:fs/promises";
import { load } from "../lib/index.js";

const [task, ...words] = process.argv.slice(2);
const verifier = await load();

/** A code as lines of half blocks, light on a dark terminal, with the light modules that readers need around it. */
function drawn(code) {
  const size = code.length + 8;
  const light = (x, y) => code[y - 4]?.[x - 4] !== "1";
  const row = (y) =>
    Array.from({ length: size }, (_, x) => [" ", "▀", "▄", "█"][Number(light(x, y)) + 2 * Number(light(x, y + 1))]).join("");
  return Array.from({ length: Math.ceil(size / 2) }, (_, half) => row(2 * half)).join("\n");
}

async function ask(issuerFile, predicate, out) {
  const issuer = JSON.parse(await readFile(issuerFile, "utf8"));
  const expires = Math.floor(Date.now() / 1000) + 600;
  const asked = verifier.ask({ verifier: "bar.example", predicate, issuer, expires });
  if (!asked.valid) {
    console.error(asked.reason);
    return 2;
  }
  // The text is the question and the memory of it: an answer is checked against this copy alone.
  await writeFile(out, asked.text, { flag: "wx" });
  if (asked.code) console.log(drawn(asked.code));
  console.log(`asked: ${asked.predicate}; send ${out} to the holder`);
  return 0;
}

async function check(challengeFile, proofFile) {
  const challenge = await readFile(challengeFile);
  const said = verifier.verifyAnswer(await readFile(proofFile), challenge);
  if (!said.valid) {
    console.error(JSON.stringify(said.reason));
    return said.unusable ? 2 : 1;
  }
  // A challenge counts once: whoever saw the answer could send it again.
  await rm(challengeFile);
  console.log(`${said.issuer} says so: ${said.predicates.join(" and ")}, ${said.bits} provable bits`);
  return 0;
}

const tasks = { ask: [ask, 3], check: [check, 2] };
const [run, count] = tasks[task] ?? [];
if (!run || words.length !== count) {
  console.error("usage: node examples/ask-credential.js ask ISSUER.json PREDICATE CHALLENGE.json | check CHALLENGE.json PROOF");
  process.exit(2);
}
process.exit(
  await run(...words).catch((error) => {
    console.error(error.message);
    return 2;
  }),
);
