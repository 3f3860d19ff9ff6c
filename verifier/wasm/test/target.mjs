// The module as hostile suites use it: its functions themselves, without the package around them.
import assert from "node:assert/strict";
import { load } from "../web/lib/index.js";

export const verifier = await load();

/** The most memory that the module can have. */
export const MAX_MEMORY = 96 << 20;

/** One instance for many inputs: what one leaves behind is the next one's. */
export class Target {
  #exports = new WebAssembly.Instance(verifier.module, {}).exports;

  input(which, bytes) {
    const address = this.#exports.winterlane_input(which, bytes.length) >>> 0;
    assert.notEqual(address, 0);
    new Uint8Array(this.#exports.memory.buffer, address, bytes.length).set(bytes);
  }

  /** The status of one batch as a chain of its own; a trap throws. */
  status(publicFile, proof) {
    const expected = new TextEncoder().encode("{}");
    this.input(0, expected);
    assert.equal(this.#exports.winterlane_begin(), 0);
    this.input(0, typeof publicFile === "string" ? new TextEncoder().encode(publicFile) : publicFile);
    this.input(1, proof);
    const status = this.#exports.winterlane_add();
    assert.ok(this.#exports.memory.buffer.byteLength <= MAX_MEMORY);
    return status;
  }

  /** The status of a function of two inputs; a trap throws. */
  call(name, inputs, ...numbers) {
    inputs.forEach((input, which) => this.input(which, typeof input === "string" ? new TextEncoder().encode(input) : input));
    const status = this.#exports[name](...numbers);
    assert.ok(this.#exports.memory.buffer.byteLength <= MAX_MEMORY);
    return status;
  }

  answer() {
    const { winterlane_output, winterlane_output_bytes, memory } = this.#exports;
    const bytes = new Uint8Array(memory.buffer, winterlane_output(), winterlane_output_bytes());
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  }

  stage() {
    return this.answer().stage;
  }

  get exports() {
    return this.#exports;
  }
}
