// Batches as files: which names they have, and which of a heap of files make up a chain.

/** The batch number (a BigInt) and the part in a file's name; undefined for names that nobody writes. */
export function parseName(name) {
  const match = /^batch-(\d{4,19})\.(proof|public\.json)$/.exec(name);
  if (!match) return undefined;
  const number = BigInt(match[1]);
  // One name for each batch: four digits, and more only where they are needed.
  if (number.toString().padStart(4, "0") !== match[1]) return undefined;
  return { number, part: match[2] === "proof" ? "proof" : "publicFile" };
}

/** The names of the two files of a batch. */
export function fileNames(number) {
  const stem = `batch-${BigInt(number).toString().padStart(4, "0")}`;
  return { publicFile: `${stem}.public.json`, proof: `${stem}.proof` };
}

/**
 * Sorts files by their names into batches in rising order.
 *
 * Nothing is read. What is missing or twice there is an error: a chain with a hole in it is not the chain.
 *
 * @returns {{ batches: Array<{number: bigint, publicFile: T, proof: T}>, ignored: string[], error?: string }}
 */
export function sortFiles(files) {
  const batches = new Map();
  const ignored = [];
  for (const file of files) {
    if (file.name.startsWith(".publishing-")) return failed(UNFINISHED, ignored);
    const parsed = parseName(file.name);
    if (!parsed) {
      ignored.push(file.name);
      continue;
    }
    const batch = batches.get(parsed.number) ?? { number: parsed.number };
    if (batch[parsed.part]) return failed(`${file.name} is there twice`, ignored);
    batch[parsed.part] = file;
    batches.set(parsed.number, batch);
  }
  const sorted = [...batches.values()].sort((a, b) => (a.number < b.number ? -1 : 1));
  if (sorted.length === 0) return failed(NO_BATCHES, ignored);
  for (const [index, batch] of sorted.entries()) {
    const names = fileNames(batch.number);
    for (const part of ["publicFile", "proof"]) {
      if (!batch[part]) return failed(`${names[part]} is missing`, ignored);
    }
    const before = sorted[index - 1];
    if (before && before.number + 1n !== batch.number) {
      return failed(`batch ${before.number + 1n} is missing: there are ${before.number} and ${batch.number}`, ignored);
    }
  }
  return { batches: sorted, ignored };
}

const NO_BATCHES = "there is no batch among these files: they are called batch-0000.proof and batch-0000.public.json";
const UNFINISHED = "a run was stopped while it exchanged batches here: what there is may be a part";

function failed(error, ignored) {
  return { batches: [], ignored, error };
}

/** Verifies a batch as one with that number: the name of a file and its contents say the same. */
export function addNumbered(chain, number, publicFile, proof) {
  const answer = chain.add(publicFile, proof);
  if (answer.valid && answer.number !== String(number)) {
    const reason = `it says that it is batch ${answer.number}, and its name that it is ${number}`;
    return { valid: false, stage: "pin", reason };
  }
  return answer;
}
