// Figures of the module: its size, and time and memory for each batch of `small` and `large`. Time is the processor's,
// which other programs on a shared machine do not lengthen as they do the clock's.
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { load } from "../web/lib/index.js";
import { batches, smallDirectory, web } from "./common.mjs";

const module = readFileSync(join(web, "lib", "winterlane_verifier.wasm"));
const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;
const brotli = brotliCompressSync(module, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
console.log(`module: ${kib(module.length)}, gzip ${kib(gzipSync(module, { level: 9 }).length)}, brotli ${kib(brotli.length)}`);
console.log(`node ${process.version} on ${cpus()[0].model}`);

const verifier = await load();
const large = join(smallDirectory, "..", "large");
for (const directory of [smallDirectory, large].filter(existsSync)) {
  for (const { number, json, proof } of batches(directory)) {
    const times = [];
    let memory;
    let answer;
    for (let run = 0; run < 20; run += 1) {
      const chain = verifier.chain();
      const begin = process.cpuUsage();
      answer = chain.add(json, proof);
      const { user, system } = process.cpuUsage(begin);
      times.push((user + system) / 1000);
      memory = chain.memoryBytes;
    }
    if (!answer.valid) throw new Error(answer.reason);
    times.sort((a, b) => a - b);
    const [least, median] = [times[0], times[times.length >> 1]].map((time) => time.toFixed(1));
    console.log(
      `batch ${number}, ${answer.slots} slots, ${answer.preset}, proof ${kib(proof.length)}: ` +
        `least ${least} ms, median ${median} ms of ${times.length}; memory ${kib(memory)}`,
    );
  }
}
