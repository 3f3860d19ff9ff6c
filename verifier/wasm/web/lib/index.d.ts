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

/** Where a batch, a chain, a private proof or a pool was refused. */
export type Stage =
  | "use"
  | "expected"
  | "publicFile"
  | "proofSize"
  | "pin"
  | "link"
  | "records"
  | "proof"
  | "preset"
  | "statement"
  | "challenge"
  | "question"
  | "poolFile"
  | "operation";

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

/** What is known of a private proof that was accepted. */
export interface VerifiedProof {
  valid: true;
  /** Provable bits of security. */
  bits: number;
  /** The proof options by name, such as `compact-128`. */
  preset: string;
  /** Rows of the trace. */
  rows: number;
  proofBytes: number;
}

/** A set of notes, by position in the note tree: what is spent is in it, or is not. */
export interface Association {
  mode: "approved" | "notRefused";
  root: string;
}

/** What withdrawals and transfers have in common. Digests are 64 hexadecimal digits; numbers that can be above 2^53 are text. */
export interface OnNotes {
  /** The root of the note tree. */
  anchor: string;
  /** What is spent; each is there once in a pool. */
  nullifiers: string[];
  /** The notes that are made. */
  commitments: string[];
  /** Which rollup on which chain. */
  domain: string;
  /** The last batch in which it is valid. */
  validUntil: string;
  /** A hash of the new notes, encrypted. */
  ciphertexts: string;
  association?: Association;
}

export interface Withdrawal extends OnNotes {
  kind: "withdrawal";
  amount: string;
  asset: number;
  fee: string;
  /** Who is paid outside: `0x` and 40 hexadecimal digits. */
  recipient: string;
  /** The account of the rollup that the recipient stands for. */
  account?: number;
}

export interface Transfer extends OnNotes {
  kind: "transfer";
  /** Amounts and owners are hidden; so is the asset, unless a fee shows it. */
  fee?: { amount: string; asset: number };
}

export interface Balance {
  kind: "balance";
  stateRoot: string;
  domain: string;
  asset: number;
  atLeast: string;
  atMost?: string;
  verifier: string;
  challenge: string;
  /** The second since 1970 after which the answer counts no more. */
  expires: string;
}

/** What you know of a private proof beforehand. Whatever is left out is taken as found. */
export interface Known {
  domain?: string;
  /** The roots of the note tree that count. */
  anchors?: string[];
  /** The present batch: what was valid until an earlier one is refused. */
  batchNumber?: number | bigint | string;
  /** Nullifiers that were taken. */
  spent?: string[];
  /** The association set that is asked for: an approved and a refused set of the same notes have one root. */
  association?: Association;
  /** Your question about a balance; without one no proof of a balance is accepted. */
  balance?: {
    stateRoots: string[];
    domain: string;
    asset: number;
    atLeast: number | bigint | string;
    atMost?: number | bigint | string;
    /** Your name. */
    verifier: string;
    /** The 32 random bytes that you drew for this question, as hexadecimal digits. */
    challenge: string;
    expires: number | bigint | string;
  };
}

/** An accepted private proof; `takenAsFound` has the fields of {@link Known} that were not given. */
export type VerifiedStatement = VerifiedProof &
  (Withdrawal | Transfer | Balance) & {
    takenAsFound: Array<"domain" | "anchor" | "batchNumber" | "spent" | "association" | "answered">;
  };

/** Whole numbers up to 2^53, days as `2026-11-28`, texts. */
export type Value = number | string;

/** What to ask about a credential. */
export interface CredentialRequest {
  /** Your name, which the holder sees. */
  verifier: string;
  /** Such as `birth_date <= 2008-11-28 and nationality in eu.json`. */
  predicate: string;
  /** What the issuer published, the contents of its `issuer.json`. */
  issuer: unknown;
  /** The sets that the predicate names. */
  sets?: Record<string, Value[]>;
  /** The day for which the credential must be valid: today in Greenwich unless given. */
  today?: string;
  /** The second since 1970 after which an answer counts no more. */
  expires: number | bigint | string;
  /** Whether the holder is to show a pseudonym for you. */
  pseudonym?: boolean;
}

/** A challenge. Keep its text: an answer is verified against your copy, once. */
export interface Asked {
  valid: true;
  /** The contents of a challenge's file: send it to the holder. */
  text: string;
  /** The predicate in its one spelling. */
  predicate: string;
  /** The text as a QR code: rows of `0` and `1` (dark), to be drawn with four light modules around. Null when the text is too long. */
  code: string[] | null;
}

/** An accepted answer. */
export interface VerifiedAnswer extends VerifiedProof {
  kind: "credential";
  /** The conditions that were proven, each in its one spelling. */
  predicates: string[];
  sets: Record<string, Value[]>;
  /** The issuer's name. It is what your challenge said: whether the keys are the issuer's, you have to know. */
  issuer: string;
  issuerKey: string;
  issuerKeys: number;
  schema: string;
  schemaDigest: string;
  /** The day for which the credential is valid. */
  today: string;
  /** How many credentials are revoked, of which this is none. */
  revoked: number;
  revocation: string;
  pseudonym?: string;
  verifier: string;
  challenge: string;
  expires: string;
  takenAsFound: Array<"answered" | "issuer">;
}

/** An accepted operation of a pool. What shields has no proof. */
export type VerifiedOperation = {
  valid: true;
  number: string;
  publishedBytes: number;
} & (
  | { kind: "shield"; amount: string; asset: number; commitments: [string] }
  | (VerifiedProof & (Withdrawal | Transfer))
);

/** An accepted pool. */
export interface VerifiedPool {
  valid: true;
  chainId: string;
  rollupId: string;
  domain: string;
  operations: string;
  notes: string;
  spent: number;
  held: Array<{ asset: number; amount: string }>;
  /** The root of the note tree after the last operation. */
  anchor: string;
  /** The least of all proofs; nothing where there is no proof. */
  bits?: number;
  proofBytes: number;
  takenAsFound: Array<"domain" | "end" | "payments">;
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

/** What a challenge, a set or an issuer's file has at most, in bytes. */
export const MAX_CHALLENGE_BYTES: number;

/** What a private proof with what it says has at most, in bytes. */
export const MAX_STATEMENT_BYTES: number;

/**
 * The question in a challenge's file of `winterlane balance challenge`, for {@link Known.balance}: take your own copy.
 * `roots` of the state count beside those of the file. Undefined for another kind of file.
 */
export function balanceQuestion(challenge: Bytes | string, options?: { roots?: string[]; domain?: string }): Known["balance"];

/** What kind of private proof bytes begin like: nothing of it is checked. */
export function statementKind(proof: Bytes): "withdrawal" | "transfer" | "balance" | "credential" | undefined;

/** Operations of a shielded pool, verified one after the other. */
export class Pool {
  /** Why nothing can be added, if so. */
  readonly refused?: Refused;
  /** Verifies an operation as the next one, with its proof where it has one. A refused operation ends the pool. */
  add(operation: Bytes, proof?: Bytes): VerifiedOperation | Refused;
  /** What the operations say together. After it the pool is at its end. */
  end(): VerifiedPool | Refused;
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
  /** Begins a pool, of whose file `pool.json` these are the contents. */
  pool(poolFile: Bytes, expected?: { domain?: string; anchor?: string; operations?: number }): Pool;
  /** Verifies a private proof with what it says: a withdrawal, a transfer or a balance. */
  verifyStatement(
    proof: Bytes,
    known?: Known,
    options?: { now?: number | bigint },
  ): VerifiedStatement | Refused;
  /** Makes a challenge about a credential, with fresh random bits. */
  ask(question: CredentialRequest): Asked | Refused;
  /** Verifies a private proof as the answer to a challenge: your own copy of it, which you then forget. */
  verifyAnswer(proof: Bytes, challenge: Bytes, options?: { now?: number | bigint }): VerifiedAnswer | Refused;
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
