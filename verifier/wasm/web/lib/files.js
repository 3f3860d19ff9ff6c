// Proofs as files: which names they have, and which of a heap of files belong together.

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

/** The number (a BigInt) and the part in the name of a pool's file; undefined for names that nobody writes. */
export function parseOperation(name) {
  const match = /^operation-(\d{6,19})\.(op|proof)$/.exec(name);
  if (!match) return undefined;
  const number = BigInt(match[1]);
  if (number.toString().padStart(6, "0") !== match[1]) return undefined;
  return { number, part: match[2] === "op" ? "operation" : "proof" };
}

/**
 * Sorts the files of a pool's directory into operations from the first one on. Nothing is read.
 *
 * @returns {{ poolFile?: T, operations: Array<{number: bigint, operation: T, proof?: T}>, ignored: string[], error?: string }}
 */
export function sortPool(files) {
  const operations = new Map();
  const ignored = [];
  let poolFile;
  const refuse = (error) => ({ operations: [], ignored, error });
  for (const file of files) {
    const parsed = parseOperation(file.name);
    if (file.name === "pool.json") {
      if (poolFile) return refuse("pool.json is there twice");
      poolFile = file;
    } else if (parsed) {
      const operation = operations.get(parsed.number) ?? { number: parsed.number };
      if (operation[parsed.part]) return refuse(`${file.name} is there twice`);
      operation[parsed.part] = file;
      operations.set(parsed.number, operation);
    } else {
      ignored.push(file.name);
    }
  }
  if (!poolFile) return refuse("pool.json is missing: a pool is verified from its first operation on, so give its whole directory");
  // A proof without its operation is of an append that was interrupted.
  const sorted = [...operations.values()].filter((each) => each.operation).sort((a, b) => (a.number < b.number ? -1 : 1));
  for (const [index, { number }] of sorted.entries()) {
    if (number !== BigInt(index)) return refuse(`operation ${index} is missing, and ${number} is there`);
  }
  return { poolFile, operations: sorted, ignored };
}

/**
 * What files are, by their names: `batches`, a `pool`, or a private `statement`, a proof alone or beside a challenge.
 */
export function kindOfFiles(files) {
  const names = Array.from(files, (file) => file.name);
  if (names.some((name) => parseName(name))) return "batches";
  if (names.some((name) => name === "pool.json" || parseOperation(name))) return "pool";
  if (names.some((name) => name.endsWith(".proof"))) return "statement";
  return "batches";
}

/** The proof among files, and the challenge where one is beside it. */
export function sortStatement(files) {
  const all = [...files];
  const proofs = all.filter((file) => file.name.endsWith(".proof"));
  const challenges = all.filter((file) => file.name.endsWith(".json"));
  if (proofs.length !== 1) return { error: `${proofs.length} proofs are there: give one at a time` };
  if (challenges.length > 1) return { error: `${challenges.length} files could be the challenge: give the proof and its challenge` };
  return { proof: proofs[0], challenge: challenges[0] };
}

const NO_BATCHES =
  "there is no batch among these files, and no other proof: a batch is called batch-0000.proof and batch-0000.public.json";
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
