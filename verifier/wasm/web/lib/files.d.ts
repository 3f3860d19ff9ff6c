import type { Bytes, Chain, Refused, VerifiedBatch } from "./index.js";

/** The batch number and the part in a file's name; undefined for names that nobody writes. */
export function parseName(name: string): { number: bigint; part: "publicFile" | "proof" } | undefined;

/** The names of the two files of a batch. */
export function fileNames(number: bigint | number): { publicFile: string; proof: string };

/** Sorts files by their names into batches in rising order. Nothing is read. */
export function sortFiles<T extends { name: string }>(
  files: Iterable<T>,
): { batches: Array<{ number: bigint; publicFile: T; proof: T }>; ignored: string[]; error?: string };

/** {@link Chain.add}, and that the batch has the number that its file's name says. */
export function addNumbered(
  chain: Chain,
  number: bigint | number | string,
  publicFile: Bytes,
  proof: Bytes,
): VerifiedBatch | Refused;
