// Figures of the module: its size, and time and memory for each batch of `small` and `large` and for each private proof.
// Time is the processor's, which other programs on a shared machine do not lengthen as they do the clock's.
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { load } from "../web/lib/index.js";
import { batches, fixture, smallDirectory, web } from "./common.mjs";

const module = readFileSync(join(web, "lib", "winterlane_verifier.wasm"));
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const brotli = brotliCompressSync(module, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
console.log(`module: ${kib(module.length)}, gzip ${kib(gzipSync(module, { level: 9 }).length)}, brotli ${kib(brotli.length)}`);
console.log(`node ${process.version} on ${cpus()[0].model}`);

const verifier = await load();

/** The least and the median of 20 runs, in milliseconds of the processor. */
function timed(run) {
  const times = [];
  for (let count = 0; count < 20; count += 1) {
    const begin = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(begin);
    times.push((user + system) / 1000);
  }
  times.sort((a, b) => a - b);
  const [least, median] = [times[0], times[times.length >> 1]].map((time) => time.toFixed(1));
  return `least ${least} ms, median ${median} ms of ${times.length}`;
}

/** Memory of a fresh instance after one call. */
function memoryOf(name, inputs, now) {
  const { exports } = new WebAssembly.Instance(verifier.module, {});
  for (const [which, input] of inputs.entries()) {
    const address = exports.winterlane_input(which, input.length) >>> 0;
    new Uint8Array(exports.memory.buffer, address, input.length).set(input);
  }
  exports[name](now);
  return exports.memory.buffer.byteLength;
}

const large = join(smallDirectory, "..", "large");
for (const directory of [smallDirectory, large].filter(existsSync)) {
  for (const { number, json, proof } of batches(directory)) {
    let memory;
    let answer;
    const times = timed(() => {
      const chain = verifier.chain();
      answer = chain.add(json, proof);
      memory = chain.memoryBytes;
    });
    if (!answer.valid) throw new Error(answer.reason);
    console.log(
      `batch ${number}, ${answer.slots} slots, ${answer.preset}, proof ${kib(proof.length)}: ` +
        `${times}; memory ${kib(memory)}`,
    );
  }
}

const challenge = fixture("challenge.json");
const now = JSON.parse(new TextDecoder().decode(challenge)).expires;
const empty = new TextEncoder().encode("{}");
for (const [name, call, inputs, exported] of [
  ["withdrawal.proof", (bytes) => verifier.verifyStatement(bytes), [empty], "winterlane_statement"],
  ["transfer.proof", (bytes) => verifier.verifyStatement(bytes), [empty], "winterlane_statement"],
  ["answer.proof", (bytes) => verifier.verifyAnswer(bytes, challenge, { now }), [challenge], "winterlane_answer"],
]) {
  const bytes = fixture(name);
  const said = call(bytes);
  if (!said.valid) throw new Error(said.reason);
  const times = timed(() => call(bytes));
  const memory = memoryOf(exported, [...inputs, bytes], BigInt(now));
  console.log(`${said.kind}, ${said.rows} rows, ${said.preset}, proof ${kib(said.proofBytes)}: ${times}; memory ${kib(memory)}`);
}
