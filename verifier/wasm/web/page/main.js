// The page: where batches come from, the worker that verifies them, and where the verdict goes.
import { kindOfFiles, sortFiles, sortPool, sortStatement } from "../lib/files.js";
import { forgetChallenge, question, refuse, showChallenge } from "./ask.js";
import { nodeBatches } from "./node.js";
import { failed } from "./parts.js";
import { acceptedPool, acceptedStatement, refusedStatement } from "./private.js";
import { accepted, refused } from "./view.js";
import { counted, grouped } from "./text.js";

const at = (id) => document.getElementById(id);

/** The only scripts that the page may start. Where a browser has no trusted types, the addresses as they are. */
const SCRIPTS = { worker: new URL("./worker.js", import.meta.url).href, offline: new URL("../offline.js", import.meta.url).href };
const policy = globalThis.trustedTypes?.createPolicy("winterlane", {
  createScriptURL(address) {
    if (Object.values(SCRIPTS).includes(address)) return address;
    throw new TypeError("not a script of this page");
  },
});
const script = (address) => policy?.createScriptURL(address) ?? address;

let worker;
/** What was accepted so far: batches, or operations. */
let parts = [];
/** The text of the challenge that was made here and not answered yet. */
let challenge;

/** Ends what runs. */
function stop() {
  worker?.terminate();
  worker = undefined;
  at("progress").hidden = true;
}

function show(parts) {
  stop();
  at("result").replaceChildren(...parts);
  // Whoever cannot see the colour is taken to the words.
  at("verdict").focus({ preventScroll: true });
  at("verdict").scrollIntoView({ block: "nearest" });
}

/** What the visitor knows beforehand, of this kind; undefined when a field is filled in wrongly. */
function expected(names) {
  const form = at("expected");
  if (!form.checkValidity()) {
    form.closest("details").open = true;
    form.reportValidity();
    return undefined;
  }
  const given = {};
  for (const name of names) {
    const value = at(name).value.trim();
    if (value !== "") given[name] = ["bits", "batches"].includes(name) ? Number(value) : value;
  }
  return given;
}

/** Hands a task to a new worker, and shows that it runs. */
function start(task, words) {
  stop();
  parts = [];
  at("result").replaceChildren();
  at("progress").hidden = false;
  at("progress-text").textContent = words;
  at("progress-bar").removeAttribute("value");
  worker = new Worker(script(SCRIPTS.worker), { type: "module" });
  worker.onmessage = ({ data }) => receive(data);
  // Nothing that a worker cannot say itself is a verdict.
  worker.onerror = (event) => show(failed(event.message || "the verifier cannot be loaded"));
  worker.postMessage(task);
}

function verify(claims, more = {}) {
  const known = expected(["bits", "domain", "oldRoot", "newRoot", "firstBatch", "batches"]);
  if (!known) return;
  start({ task: "batches", expected: { ...known, ...more }, claims }, `Verifying ${counted(claims.length, "batch", "batches")} …`);
}

function verifyPool({ poolFile, operations }) {
  const known = expected(["domain", "anchor"]);
  if (known) start({ task: "pool", expected: known, poolFile, operations }, `Verifying ${counted(operations.length, "operation")} …`);
}

function verifyStatement({ proof, challenge: beside }) {
  const { anchor, newRoot, ...known } = expected(["domain", "anchor", "batchNumber", "newRoot"]) ?? {};
  if (!at("expected").checkValidity()) return;
  if (anchor) known.anchors = [anchor];
  const asked = beside ?? challenge;
  // A root of the rollup's state that counts, where a balance is shown.
  const roots = newRoot ? [newRoot] : [];
  start({ task: "statement", known, roots, proof, challenge: asked, now: Math.floor(Date.now() / 1000) }, "Verifying a private proof …");
}

function receive(message) {
  switch (message.event) {
    case "progress":
      at("progress-text").textContent = `${message.what} ${grouped(message.number)}: ${message.index + 1} of ${message.of}`;
      at("progress-bar").max = message.of;
      at("progress-bar").value = message.index;
      break;
    case "part":
      parts.push(message.part);
      break;
    case "done":
      DONE[message.task](message);
      break;
    default:
      if (message.task === "ask") {
        stop();
        refuse(message.reason);
      } else {
        show(failed(message.reason));
      }
  }
}

const DONE = {
  batches: (message) => show(message.valid === true ? accepted(message, parts) : refused(message, parts)),
  pool: (message) => show(message.valid === true ? acceptedPool(message, parts) : refusedStatement(message)),
  statement(message) {
    if (message.valid === true && message.kind === "credential" && JSON.parse(challenge ?? "{}").challenge === message.challenge) {
      // Once: a proof that somebody else overheard answers nothing any more.
      challenge = undefined;
      forgetChallenge();
      message.takenAsFound = message.takenAsFound.filter((name) => name !== "answered");
    }
    show(message.valid === true ? acceptedStatement(message) : refusedStatement(message));
  },
  ask(message) {
    stop();
    if (message.valid === true) {
      challenge = message.text;
      showChallenge(message);
    } else {
      refuse(message.reason);
    }
  },
};

const SORTED = {
  batches: [sortFiles, ({ batches }) => verify(batches)],
  pool: [sortPool, verifyPool],
  statement: [sortStatement, verifyStatement],
};

function verifyFiles(files) {
  const [sort, check] = SORTED[kindOfFiles(files)];
  const sorted = sort(files);
  const { ignored = [], error } = sorted;
  if (error) {
    const names = ignored.slice(0, 5).join(", ");
    show(failed(ignored.length > 0 ? `${error}; found: ${names}${ignored.length > 5 ? ", …" : ""}` : error));
    return;
  }
  check(sorted);
}

/** The files of what was dropped; of folders, what is directly in them. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return [...transfer.files];
  const file = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
  const listed = async (reader) => {
    const all = [];
    for (;;) {
      // A reader gives at most a hundred at a time, and then none.
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return all;
      all.push(...some);
    }
  };
  const files = await Promise.all(
    entries.map(async (entry) => {
      if (entry.isFile) return [await file(entry)];
      const inside = await listed(entry.createReader());
      return Promise.all(inside.filter((each) => each.isFile).map(file));
    }),
  );
  return files.flat();
}

for (const [button, input] of [["choose-files", "files"], ["choose-folder", "folder"]]) {
  at(button).addEventListener("click", () => at(input).click());
  at(input).addEventListener("change", () => {
    verifyFiles([...at(input).files]);
    // The same files can be chosen again.
    at(input).value = "";
  });
}

at("node").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    const asFiles = at("layout").value === "files";
    const first = BigInt(at("node-first").value);
    const claims = nodeBatches(at("address").value, first, Number(at("node-count").value), { asFiles, key: at("key").value });
    verify(claims, { presetNamed: asFiles });
  } catch (error) {
    show(failed(error.message));
  }
});
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question();
  if (asked) start({ task: "ask", ...asked }, "Making a challenge …");
});
at("expected").addEventListener("submit", (event) => event.preventDefault());
at("stop").addEventListener("click", () => {
  stop();
  at("choose-files").focus();
});

// The whole page takes files, so that none that misses the panel is opened in its place.
let inside = 0;
const over = (by) => {
  inside += by;
  at("drop").classList.toggle("over", inside > 0);
};
document.addEventListener("dragenter", () => over(1));
document.addEventListener("dragleave", () => over(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  over(-inside);
  dropped(event.dataTransfer).then(verifyFiles, (error) => show(failed(error.message)));
});

// Without a network the page is what it was when it was last opened with one.
navigator.serviceWorker?.register(script(SCRIPTS.offline)).catch(() => {});
