/** What you know beforehand, and have compared. Whatever is left out is taken as found. */
export interface Expected {
  /** At least so many provable bits: 128 unless given. */
  bits?: 100 | 128;
  /** Which rollup on which chain: 64 hexadecimal digits. */
  domain?: string;
  /** Number of the first batch. */
  firstBatch?: number | bigint | string;
  /** How many batches there are. */
  batches?: number;
  /** The root before the first batch: 64 hexadecimal digits. */
  oldRoot?: string;
  /** The root after the last batch: 64 hexadecimal digits. */
  newRoot?: string;
  /** False where the public files name no preset, as those made of a node's answers: true unless given. */
  presetNamed?: boolean;
}

/** The fields of {@link Expected} that were not given; `end` is `newRoot` or `batches`. */
export type TakenAsFound = Array<"domain" | "firstBatch" | "oldRoot" | "end">;

/** Where a batch or a chain was refused. */
export type Stage =
  | "use"
  | "expected"
  | "publicFile"
  | "proofSize"
  | "pin"
  | "link"
  | "records"
  | "proof"
  | "preset";

/** Not accepted. */
export interface Refused {
  valid: false;
  /** True when the input cannot be read, so that it is no claim at all. */
  unusable?: true;
  stage: Stage;
  /** Why, in words. Strangers' text may be in it: show it as text, never as markup. */
  reason: string;
}

/** One record. Amounts and batch numbers are decimal text, since they can be above 2^53. */
export interface BatchRecord {
  /** Which operation slot of the batch, from 0. */
  slot: number;
  kind: "transfer" | "withdraw" | "rotateKey" | "deposit" | "create" | "collectFees";
  /** The account that signed. */
  from?: number;
  /** The account that receives. */
  to?: number;
  amount?: string;
  fee?: string;
  asset?: number;
  /** Who receives a withdrawal on the settlement layer: `0x` and 40 hexadecimal digits. */
  recipient?: string;
  /** The last batch number it may run in. */
  validUntil?: string;
  /** The one-time key that signed. */
  signedBy?: { slot: 0 | 1; index: number };
  newKeys?: Array<{ slot: 0 | 1; root: string; maySpend: boolean; mayRotate: boolean }>;
}

/** An accepted batch. Digests are 64 hexadecimal digits. */
export interface VerifiedBatch {
  valid: true;
  /** Its number, as decimal text. */
  number: string;
  domain: string;
  oldRoot: string;
  newRoot: string;
  operationsDigest: string;
  /** Provable bits of security. */
  bits: number;
  /** The proof options by name, such as `fast-128`. */
  preset: string;
  /** Operation slots, padding included. */
  slots: number;
  padding: number;
  /** Rows of the trace. */
  rows: number;
  proofBytes: number;
  publicBytes: number;
  transfers: number;
  /** Everything but the padding. */
  records: BatchRecord[];
}

/** An accepted chain. */
export interface VerifiedChain {
  valid: true;
  domain: string;
  firstBatch: string;
  lastBatch: string;
  batches: number;
  transfers: number;
  /** Provable bits of security, the least of all batches. */
  bits: number;
  oldRoot: string;
  newRoot: string;
  proofBytes: number;
  /** What you did not say, so that whoever made the files chose it. */
  takenAsFound: TakenAsFound;
}

export type Bytes = ArrayBuffer | ArrayBufferView | string;

/** The module did not come to an answer, or was used wrongly. Nothing was verified. */
export class VerifierError extends Error {}

/** What a file of a batch has at most, in bytes. */
export const MAX_FILE_BYTES: number;

/** Batches, verified one after the other; each one is let go before the next. */
export class Chain {
  /** Verifies a batch, the contents of its two files, as the next one. A refused batch ends the chain. */
  add(publicFile: Bytes, proof: Bytes): VerifiedBatch | Refused;
  /** What the batches say together. After it the chain is at its end. */
  end(): VerifiedChain | Refused;
  /** Bytes of the module's memory. */
  readonly memoryBytes: number;
}

/** A loaded module. */
export class Verifier {
  private constructor();
  /** The compiled module, which can be sent to workers and given to {@link load}. */
  readonly module: WebAssembly.Module;
  /** Begins a chain. Throws a `TypeError` when `expected` is malformed. */
  chain(expected?: Expected): Chain;
  /** Verifies one batch. */
  verifyBatch(
    publicFile: Bytes,
    proof: Bytes,
    expected?: Expected,
  ): (VerifiedBatch & { takenAsFound: TakenAsFound }) | Refused;
}

/** Loads the module: without a source, the file in this package. */
export function load(
  source?: WebAssembly.Module | BufferSource | Response | Promise<Response> | URL | string,
): Promise<Verifier>;
