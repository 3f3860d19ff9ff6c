// The verifier for JavaScript. The module does the work; this file carries bytes in and answers out.

/** The meaning of the module's functions that this file knows. */
const INTERFACE = 3;

/** What the module's inputs hold at most, in bytes: both files of a batch. */
export const MAX_FILE_BYTES = 4 << 20;

/** What a challenge, a set or an issuer's file has at most, in bytes. */
export const MAX_CHALLENGE_BYTES = 1 << 20;

/** What a private proof with what it says has at most, in bytes. */
export const MAX_STATEMENT_BYTES = (1 << 20) + 4096;

const STATEMENTS = [undefined, "withdrawal", "transfer", "balance", "credential"];

/** What kind of private proof bytes begin like: nothing of it is checked. Undefined for none. */
export function statementKind(proof) {
  const [version, kind] = bytes(proof, "the proof");
  return version === 1 ? STATEMENTS[kind] : undefined;
}

/**
 * The question about a balance in a challenge's file (`winterlane balance challenge`), as `known.balance` has it: of the
 * verifier's own copy. `roots` of the state count beside those of the file. Undefined for another kind of file.
 */
export function balanceQuestion(challenge, { roots = [], domain } = {}) {
  const asked = JSON.parse(typeof challenge === "string" ? challenge : new TextDecoder().decode(challenge));
  if (asked?.format !== "winterlane-balance-challenge-1") return undefined;
  return {
    stateRoots: [...(asked.state_roots ?? []), ...roots],
    domain: domain ?? asked.domain,
    asset: asked.asset,
    atLeast: asked.at_least,
    ...(asked.at_most === undefined ? {} : { atMost: asked.at_most }),
    verifier: asked.verifier,
    challenge: asked.challenge,
    expires: String(asked.expires),
  };
}

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

  /** Begins a pool, of whose file `pool.json` these are the contents. */
  pool(poolFile, expected = {}) {
    return new Pool(this.#module, poolFile, expected);
  }

  /** Verifies a private proof with what it says: a withdrawal, a transfer or a balance. */
  verifyStatement(proof, known = {}, { now = seconds() } = {}) {
    const inputs = [bytes(JSON.stringify(known, asText), "known"), bytes(proof, "the proof")];
    return limited(inputs[1], "proofSize", MAX_STATEMENT_BYTES) ?? this.#once("winterlane_statement", inputs, now);
  }

  /**
   * Makes a challenge about a credential, with 256 random bits of its own. A question that nobody can answer is no
   * exception, but refused with the reason.
   */
  ask({ verifier, predicate, issuer, sets = {}, today, expires, pseudonym = false }) {
    const random = crypto.getRandomValues(new Uint8Array(32));
    const request = {
      verifier,
      predicate,
      issuer,
      sets,
      today: today ?? new Date(seconds() * 1000).toISOString().slice(0, 10),
      expires: String(expires),
      pseudonym,
      random: Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    };
    const inputs = [bytes(JSON.stringify(request), "the question")];
    return limited(inputs[0], "challenge", MAX_CHALLENGE_BYTES) ?? this.#once("winterlane_ask", inputs);
  }

  /** Verifies a private proof as the answer to a challenge, which is the verifier's own copy. */
  verifyAnswer(proof, challenge, { now = seconds() } = {}) {
    const inputs = [bytes(challenge, "the challenge"), bytes(proof, "the proof")];
    return (
      limited(inputs[0], "challenge", MAX_CHALLENGE_BYTES) ??
      limited(inputs[1], "proofSize", MAX_STATEMENT_BYTES) ??
      this.#once("winterlane_answer", inputs, now)
    );
  }

  #once(name, inputs, now) {
    const instance = new Instance(this.#module);
    return instance.call(name, inputs, ...(now === undefined ? [] : [BigInt.asUintN(64, BigInt(now))]));
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

/** Operations of a shielded pool, verified one after the other. */
export class Pool {
  #instance;

  constructor(module, poolFile, expected) {
    this.#instance = new Instance(module);
    const inputs = [bytes(JSON.stringify(expected), "expected"), bytes(poolFile, "the pool's file")];
    const refused = limited(inputs[1], "poolFile", MAX_FILE_BYTES) ?? this.#instance.call("winterlane_pool_begin", inputs);
    if (refused?.stage === "expected") throw new TypeError(`expected: ${refused.reason}`);
    /** Why nothing can be added, if so. */
    this.refused = refused;
  }

  /** Verifies an operation as the next one, with its proof where it has one. */
  add(operation, proof = new Uint8Array()) {
    if (this.refused) return this.refused;
    const inputs = [bytes(operation, "the operation"), bytes(proof, "the proof")];
    const large = limited(inputs[0], "operation", MAX_FILE_BYTES) ?? limited(inputs[1], "proofSize", MAX_FILE_BYTES);
    if (large) return (this.refused = large);
    return this.#instance.call("winterlane_pool_add", inputs);
  }

  /** What the operations say together. After it the pool is at its end. */
  end() {
    return this.refused ?? this.#instance.call("winterlane_pool_end", []);
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
  call(name, inputs, ...numbers) {
    if (this.broken) throw this.broken;
    try {
      inputs.forEach((input, index) => this.#write(index, input));
      const status = this.#exports[name](...numbers);
      const text = this.#read();
      if (name.endsWith("_begin") && text === "" && status === 0) return undefined;
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

/** The second since 1970. */
function seconds() {
  return Math.floor(Date.now() / 1000);
}

/** A refusal of what is too long to be read. The module says the same; this spares it the bytes. */
function limited(input, stage, most) {
  if (input.length <= most) return undefined;
  const reason = `${input.length} bytes, and there are at most ${most}`;
  return { valid: false, unusable: true, stage, reason };
}

/** Numbers as text, but for those that the module takes as numbers. */
function asText(key, value) {
  const text = ["batchNumber", "atLeast", "atMost", "expires"].includes(key);
  return text && value !== undefined && value !== null ? String(value) : value;
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
