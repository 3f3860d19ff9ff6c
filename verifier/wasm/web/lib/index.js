// The verifier for JavaScript. The module does the work; this file carries bytes in and answers out.

/** The meaning of the module's functions that this file knows. */
const INTERFACE = 1;

/** The module's inputs by number. */
const PUBLIC_FILE_OR_EXPECTED = 0;
const PROOF = 1;

/** What the module's inputs hold at most, in bytes: both files of a batch. */
export const MAX_FILE_BYTES = 4 << 20;

/**
 * The module did not come to an answer, or was used wrongly. Nothing was verified.
 *
 * No bytes are known that bring this about.
 */
export class VerifierError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "VerifierError";
  }
}

/**
 * Loads the module. Without a source it is the file beside this one.
 *
 * @param {WebAssembly.Module | BufferSource | Response | Promise<Response> | URL | string} [source]
 */
export async function load(source = new URL("./winterlane_verifier.wasm", import.meta.url)) {
  return new Verifier(await compile(await source));
}

async function compile(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === "string" || source instanceof URL) {
    const url = new URL(source, import.meta.url);
    if (url.protocol === "file:") {
      // node: its fetch knows no files.
      const { readFile } = await import("node:fs/promises");
      return WebAssembly.compile(await readFile(url));
    }
    source = await fetch(url);
  }
  if (typeof Response !== "undefined" && source instanceof Response) {
    if (!source.ok) throw new VerifierError(`the module cannot be fetched: status ${source.status}`);
    // Not `compileStreaming`: that needs a server which knows the module's media type.
    source = await source.arrayBuffer();
  }
  return WebAssembly.compile(source);
}

/** A loaded module. Each chain has an instance of it, so that none sees another's memory. */
export class Verifier {
  #module;

  constructor(module) {
    this.#module = module;
    new Instance(module);
  }

  /** The compiled module, which can be sent to workers. */
  get module() {
    return this.#module;
  }

  /** Begins a chain of which `expected` says what you know beforehand. */
  chain(expected = {}) {
    return new Chain(this.#module, expected);
  }

  /** Verifies one batch, the contents of its two files. */
  verifyBatch(publicFile, proof, expected = {}) {
    const chain = this.chain(expected);
    const batch = chain.add(publicFile, proof);
    if (!batch.valid) return batch;
    const end = chain.end();
    return end.valid ? { ...batch, takenAsFound: end.takenAsFound } : end;
  }
}

/** Batches, verified one after the other. */
export class Chain {
  #instance;

  constructor(module, expected) {
    this.#instance = new Instance(module);
    const refused = this.#instance.call("winterlane_begin", [expectations(expected)]);
    if (refused) throw new TypeError(`expected: ${refused.reason}`);
  }

  /** Verifies a batch, the contents of its two files, as the next one. */
  add(publicFile, proof) {
    const inputs = [bytes(publicFile, "the public file"), bytes(proof, "the proof")];
    const stages = ["publicFile", "proofSize"];
    for (const [index, input] of inputs.entries()) {
      if (input.length > MAX_FILE_BYTES) {
        // The module says the same; this spares it the bytes.
        this.#instance.broken = new VerifierError("a batch of this chain was refused: begin another one");
        const reason = `${input.length} bytes, and no such file has more than ${MAX_FILE_BYTES}`;
        return { valid: false, unusable: true, stage: stages[index], reason };
      }
    }
    return this.#instance.call("winterlane_add", inputs);
  }

  /** What the batches say together. After it the chain is at its end. */
  end() {
    return this.#instance.call("winterlane_end", []);
  }

  /** Bytes of the module's memory. It grows as needed and never shrinks. */
  get memoryBytes() {
    return this.#instance.memoryBytes;
  }
}

/** One instance of the module. */
class Instance {
  #exports;
  /** Why nothing can be asked of it any more. */
  broken = undefined;

  constructor(module) {
    // No imports: the module can reach nothing.
    this.#exports = new WebAssembly.Instance(module, {}).exports;
    const found = this.#exports.winterlane_interface?.();
    if (found !== INTERFACE) {
      throw new VerifierError(`the module has interface ${found}, and this code knows ${INTERFACE}`);
    }
  }

  get memoryBytes() {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Calls a function of the module; its answer, or undefined of a chain that has begun. */
  call(name, inputs) {
    if (this.broken) throw this.broken;
    try {
      inputs.forEach((input, index) => this.#write(index, input));
      const status = this.#exports[name]();
      const text = this.#read();
      if (name === "winterlane_begin" && text === "" && status === 0) return undefined;
      const answer = JSON.parse(text);
      if (answer.valid !== (status === 0) || status > 2) {
        throw new VerifierError(`the module ended with status ${status}`);
      }
      return status === 2 ? { ...answer, unusable: true } : answer;
    } catch (error) {
      // A trap. What the instance holds now means nothing.
      this.broken =
        error instanceof VerifierError
          ? error
          : new VerifierError(`the module stopped (${error.message}): nothing was verified`, { cause: error });
      throw this.broken;
    }
  }

  #write(which, input) {
    const address = this.#exports.winterlane_input(which, input.length) >>> 0;
    if (address === 0) throw new VerifierError(`the module has no room for ${input.length} bytes`);
    new Uint8Array(this.#exports.memory.buffer, address, input.length).set(input);
  }

  #read() {
    const address = this.#exports.winterlane_output() >>> 0;
    const length = this.#exports.winterlane_output_bytes() >>> 0;
    const output = new Uint8Array(this.#exports.memory.buffer, address, length);
    return new TextDecoder("utf-8", { fatal: true }).decode(output);
  }
}

function bytes(input, what) {
  if (typeof input === "string") return new TextEncoder().encode(input);
  if (input instanceof ArrayBuffer) return new Uint8Array(input);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  throw new TypeError(`${what} is bytes (or text), not ${typeof input}`);
}

/** Expectations as the module reads them: JSON, in which batch numbers are text. */
function expectations(expected) {
  const { firstBatch, ...rest } = expected;
  const given = firstBatch === undefined || firstBatch === null ? {} : { firstBatch: String(firstBatch) };
  return bytes(JSON.stringify({ ...rest, ...given }), "expected");
}
