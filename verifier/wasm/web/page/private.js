// What the page says about private proofs and pools, in plain words.
import { ADVICE, bitsNote, definitions, section, taken, verdict } from "./parts.js";
import { counted, digest, element, grouped, instant, visible } from "./text.js";

const amount = (number, asset) => `${grouped(number)} of asset ${grouped(asset)}`;

/** Whom a withdrawal pays. */
function payee(said) {
  return said.account === undefined
    ? digest(said.recipient)
    : element("span", {}, `account ${grouped(said.account)} of the rollup (`, digest(said.recipient), ")");
}

/** What was proven, in a sentence, and what was not shown. */
function sentences(said) {
  switch (said.kind) {
    case "withdrawal":
      return [
        `Whoever made this proof owns a note of the pool, and takes ${amount(said.amount, said.asset)} out of it with a fee of ${grouped(said.fee)}. What is left of the note becomes a new note.`,
        "Hidden stay: which note it was, whose it was, what it was worth, and the change.",
      ];
    case "transfer":
      return [
        "Whoever made this proof owns the notes that are spent. They become two other notes, and no money appeared or vanished.",
        said.fee
          ? "Hidden stay: which notes they were, who pays, who is paid, and how much."
          : "Hidden stay: which notes they were, who pays, who is paid, how much, and of which asset.",
      ];
    case "balance":
      return [
        said.atMost === undefined
          ? `Whoever made this proof controls an account that holds at least ${amount(said.atLeast, said.asset)}.`
          : `Whoever made this proof controls an account that holds from ${grouped(said.atLeast)} to ${amount(said.atMost, said.asset)}.`,
        "Hidden stay: which account it is, and how much it holds.",
      ];
    default:
      return [
        `Whoever made this proof holds a credential of the issuer named below. It is valid, it was not revoked, and it satisfies ${said.predicates.length === 1 ? "the condition" : "every condition"} below.`,
        "Hidden stay: the values themselves, everything else in the credential, and which credential it is.",
      ];
  }
}

function association({ mode, root }) {
  const words = mode === "approved" ? "the notes that are spent are in the set " : "the notes that are spent are not in the set ";
  return element("span", {}, words, digest(root));
}

function list(digests) {
  return digests.length === 1 ? digest(digests[0]) : element("ul", {}, ...digests.map((each) => element("li", {}, digest(each))));
}

/** What operations on notes say, row by row. */
function onNotes(said) {
  const rows = [];
  if (said.kind === "withdrawal") {
    rows.push(["Amount", amount(said.amount, said.asset)], ["Recipient", payee(said)], ["Fee", amount(said.fee, said.asset)]);
  } else {
    rows.push(["Fee", said.fee ? amount(said.fee.amount, said.fee.asset) : "none"]);
  }
  rows.push(
    ["Domain", digest(said.domain)],
    ["Valid until batch", grouped(said.validUntil)],
    ["Anchor", digest(said.anchor)],
    [said.nullifiers.length === 1 ? "Nullifier" : "Nullifiers", list(said.nullifiers)],
    [said.commitments.length === 1 ? "New note" : "New notes", list(said.commitments)],
  );
  if (said.association) rows.push(["Association set", association(said.association)]);
  return rows;
}

function onBalance(said) {
  return [
    ["At least", amount(said.atLeast, said.asset)],
    ...(said.atMost === undefined ? [] : [["At most", amount(said.atMost, said.asset)]]),
    ["Domain", digest(said.domain)],
    ["State root", digest(said.stateRoot)],
    ["Shown to", visible(said.verifier)],
    ["Challenge", digest(said.challenge)],
    ["Counts until", instant(said.expires)],
  ];
}

/** The values of the sets that conditions name, at most this many of each. */
const VALUES = 100;

function sets(sets) {
  return Object.entries(sets).map(([name, values]) => {
    const shown = values.slice(0, VALUES).map((value) => visible(JSON.stringify(value), Infinity)).join(", ");
    const more = values.length > VALUES ? `, and ${grouped(values.length - VALUES)} more` : "";
    return [element("span", {}, "Set ", element("code", {}, visible(name))), `${shown}${more}`];
  });
}

function onCredential(said) {
  // Whole: what is left out of a condition would be left out of what was proven.
  const conditions = said.predicates.map((each) => element("li", {}, element("code", {}, visible(each, Infinity))));
  return [
    [said.predicates.length === 1 ? "Condition" : "Conditions", element("ul", { class: "conditions" }, ...conditions)],
    ...sets(said.sets),
    ["Issuer", visible(said.issuer)],
    ["Issuer's key", digest(said.issuerKey)],
    ["Kind of credential", visible(said.schema)],
    ["Valid on", said.today],
    ["Revoked", said.revoked === 0 ? "the issuer has revoked none" : `none of the ${counted(said.revoked, "credential")} that the issuer has revoked`],
    ["Holder", "the proof was made with the secret of the holder whom the issuer named"],
    ...(said.pseudonym === undefined ? [] : [["Known to you as", digest(said.pseudonym)]]),
    ["Shown to", visible(said.verifier)],
    ["Your challenge", digest(said.challenge)],
    ["Counts until", instant(said.expires)],
  ];
}

const ROWS = { withdrawal: onNotes, transfer: onNotes, balance: onBalance, credential: onCredential };

const TITLES = {
  withdrawal: "A private withdrawal",
  transfer: "A private transfer",
  balance: "A balance",
  credential: "A credential",
};

function computed(milliseconds) {
  return element("p", { class: "note" }, `Computed here in ${grouped(Math.ceil(milliseconds))} milliseconds.`);
}

/** The verdict on one private proof that was accepted. */
export function acceptedStatement(said) {
  const [proven, hidden] = sentences(said);
  return [
    verdict("good", "✓ Verified", [
      element("p", {}, `${TITLES[said.kind]}, with ${said.bits} provable bits of security.`),
      computed(said.milliseconds),
    ]),
    section("What was proven", [
      element("p", {}, proven),
      element("p", {}, hidden),
      definitions([...ROWS[said.kind](said), ["Provable bits", String(said.bits)], ["Proof", `${grouped(said.proofBytes)} bytes, ${said.preset}`]]),
      bitsNote(said.bits),
    ]),
    ...taken(said.takenAsFound),
  ];
}

/** The verdict on a private proof, or an operation of a pool, that was not accepted. */
export function refusedStatement(answer) {
  const title = answer.unusable ? "✗ Not a proof that can be checked" : "✗ Refused";
  const which = answer.number === undefined ? "" : `Operation ${grouped(answer.number)}. `;
  return [
    verdict("bad", title, [
      element("p", {}, which, ADVICE[answer.stage] ?? "It was not accepted."),
      definitions([["The reason", element("code", {}, visible(answer.reason))]]),
    ]),
  ];
}

const OPERATIONS = { shield: "into the pool", withdrawal: "private withdrawal", transfer: "private transfer" };

/** Operations of a pool that are shown; the page holds them in memory. */
const SHOWN = 100;

function operation(said) {
  const rows =
    said.kind === "shield"
      ? [["Amount", amount(said.amount, said.asset)], ["New note", digest(said.commitments[0])]]
      : [...onNotes(said), ["Provable bits", String(said.bits)]];
  const words = said.kind === "transfer" ? "" : `: ${amount(said.amount, said.asset)}`;
  const summary = element("summary", {}, element("strong", {}, `✓ Operation ${grouped(said.number)}`), ` ${OPERATIONS[said.kind]}${words}`);
  const details = element("details", {}, summary, definitions(rows));
  details.open = said.kind === "withdrawal";
  return element("li", {}, details);
}

/** The verdict on a whole pool that was accepted. */
export function acceptedPool(pool, operations) {
  const shown = operations.slice(-SHOWN);
  const left = operations.length - shown.length;
  const held = pool.held.map(({ asset, amount: sum }) => amount(sum, asset));
  const bits = pool.bits === undefined ? "none of them needs a proof" : `with ${pool.bits} provable bits of security`;
  return [
    verdict("good", "✓ Verified", [
      element("p", {}, `${counted(pool.operations, "operation")} of a shielded pool, ${bits}.`),
      computed(pool.milliseconds),
    ]),
    section("What was proven", [
      element(
        "p",
        {},
        "The operations below were applied in their order. Whoever spent a note owned it, no note was spent twice, and no money appeared or vanished. Which notes were spent, and whose they are, stays hidden.",
      ),
      definitions([
        ["Domain", digest(pool.domain)],
        ["Notes made", grouped(pool.notes)],
        ["Nullifiers taken", grouped(pool.spent)],
        ["Held", held.length === 0 ? "nothing" : held.join(", ")],
        ["Last anchor", digest(pool.anchor)],
        ["Proofs", `${grouped(pool.proofBytes)} bytes`],
      ]),
      ...(pool.bits === undefined ? [] : [bitsNote(pool.bits)]),
    ]),
    ...taken(pool.takenAsFound),
    section("The operations", [
      ...(left > 0 ? [element("p", { class: "note" }, `The last ${grouped(shown.length)} of ${counted(operations.length, "operation")}.`)] : []),
      element("ol", { class: "chain" }, ...shown.map(operation)),
    ]),
  ];
}
