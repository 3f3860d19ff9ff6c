// What verdicts of every kind are made of.
import { element, visible } from "./text.js";

/** The first thing a reader should do about a refusal, by where it happened. */
export const ADVICE = {
  publicFile: "The public file cannot be read: it is cut off, was changed, or is something else.",
  proofSize: "A file is larger than any of its kind.",
  pin: "The proof may hold, but it is not of what you said you expect.",
  link: "The batch does not continue the one before it: one is missing, or they are of different chains.",
  records: "The proof holds, but the list of operations beside it is not the one that was proven.",
  proof: "The proof does not show what is claimed beside it. One of the two was changed, or they do not belong together.",
  preset: "The proof holds, but the public file describes it falsely.",
  statement: "The file cannot be read as a private proof: it is cut off, was changed, or is something else.",
  challenge: "The challenge cannot be read: it is cut off, was changed, or is something else.",
  question: "It does not answer your question. What it proves may be true, and is not what you asked, not for you, or not any more.",
  poolFile: "The file pool.json cannot be read, which says to which rollup the pool belongs.",
  operation: "The pool takes no such operation: the rules of the pool forbid it here, or its bytes were changed.",
};

const OPEN = {
  domain: "which rollup this is: compare the domain with the one that you use",
  firstBatch: "whether earlier batches exist",
  oldRoot: "whether the first root is the state that you know",
  end: "whether there is more after the end",
  anchor: "whether the anchor is a root of the pool's note tree: the pool's operations show that, or a node",
  batchNumber: "whether it is still in time: compare the last batch with the present one",
  spent: "whether the note was spent before: the pool takes each nullifier once, and only the pool's operations show which it took",
  association: "whose association set that is, and whom it names",
  payments: "whether somebody paid for what went into the pool: the rollup's records show that",
  answered: "whether this challenge was answered before: whoever saw an answer can send it again, so that a challenge counts once",
  issuer: "whether the keys and the list of revoked credentials are the issuer's: get its file from the issuer itself",
};

/** Nothing was checked. */
export function failed(reason) {
  return [
    verdict("bad", "✗ Nothing was verified", [
      element("p", {}, "It did not come to a check."),
      definitions([["The reason", element("code", {}, visible(reason))]]),
    ]),
  ];
}

export function verdict(kind, title, parts) {
  const heading = element("h2", { id: "verdict", tabindex: "-1" }, title);
  return element("section", { class: `panel verdict ${kind}`, "aria-labelledby": "verdict" }, heading, ...parts);
}

let sections = 0;

export function section(title, parts) {
  const id = `section-${(sections += 1)}`;
  return element("section", { class: "panel", "aria-labelledby": id }, element("h2", { id }, title), ...parts);
}

export function definitions(pairs) {
  return element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

export function taken(names) {
  if (names.length === 0) return [];
  return [
    section("What a proof cannot tell you", [
      element("p", {}, "Nobody said it beforehand, so it was taken as found:"),
      element("ul", {}, ...names.map((name) => element("li", {}, OPEN[name] ?? visible(name)))),
    ]),
  ];
}

export function bitsNote(bits) {
  return element(
    "p",
    { class: "note" },
    `${bits} provable bits: to pass off a false statement takes about 2^${bits} attempts, by what is proven of the method and not by what is guessed.`,
  );
}
