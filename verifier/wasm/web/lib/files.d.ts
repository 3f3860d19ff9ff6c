import type { Bytes, Chain, Refused, VerifiedBatch } from "./index.js";

/** The batch number and the part in a file's name; undefined for names that nobody writes. */
export function parseName(name: string): { number: bigint; part: "publicFile" | "proof" } | undefined;

/** The names of the two files of a batch. */
export function fileNames(number: bigint | number): { publicFile: string; proof: string };

/** Sorts files by their names into batches in rising order. Nothing is read. */
export function sortFiles<T extends { name: string }>(
  files: Iterable<T>,
): { batches: Array<{ number: bigint; publicFile: T; proof: T }>; ignored: string[]; error?: string };

/** The number and the part in the name of a pool's file; undefined for names that nobody writes. */
export function parseOperation(name: string): { number: bigint; part: "operation" | "proof" } | undefined;

/** Sorts the files of a pool's directory into operations from the first one on. Nothing is read. */
export function sortPool<T extends { name: string }>(
  files: Iterable<T>,
): { poolFile?: T; operations: Array<{ number: bigint; operation: T; proof?: T }>; ignored: string[]; error?: string };

/** What files are, by their names. */
export function kindOfFiles(files: Iterable<{ name: string }>): "batches" | "pool" | "statement";

/** The proof among files, and the challenge where one is beside it. */
export function sortStatement<T extends { name: string }>(files: Iterable<T>): { proof?: T; challenge?: T; error?: string };

/** {@link Chain.add}, and that the batch has the number that its file's name says. */
export function addNumbered(
  chain: Chain,
  number: bigint | number | string,
  publicFile: Bytes,
  proof: Bytes,
): VerifiedBatch | Refused;
