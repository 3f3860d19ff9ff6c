// What the page says about batches, in plain words.
import { ADVICE, bitsNote, definitions, section, taken, verdict } from "./parts.js";
import { counted, digest, element, grouped, visible } from "./text.js";

/** The verdict on a whole chain that was accepted. */
export function accepted(chain, batches) {
  const what = `${counted(chain.transfers, "payment")} in ${counted(chain.batches, "batch", "batches")}`;
  const one = chain.batches === 1;
  return [
    verdict("good", "✓ Verified", [
      element("p", {}, `${what}, with ${chain.bits} provable bits of security.`),
      element("p", { class: "note" }, `Computed here in ${grouped(Math.ceil(chain.milliseconds))} milliseconds.`),
    ]),
    section("What was proven", [
      element(
        "p",
        {},
        `Starting from the accounts behind the first root, exactly the operations listed below, in their order, lead to the accounts behind the last root. Every rule was kept: whoever pays has signed and had the money, nothing was paid twice, and no money appeared or vanished.`,
      ),
      definitions([
        ["Domain", digest(chain.domain)],
        [one ? "Batch" : "Batches", one ? grouped(chain.firstBatch) : `${grouped(chain.firstBatch)} to ${grouped(chain.lastBatch)}`],
        ["First root", digest(chain.oldRoot)],
        ["Last root", digest(chain.newRoot)],
        ["Provable bits", String(chain.bits)],
        ["Proofs", `${grouped(chain.proofBytes)} bytes`],
      ]),
      bitsNote(chain.bits),
    ]),
    ...taken(chain.takenAsFound),
    links(batches),
    records(batches),
  ];
}

/** The verdict on what was not accepted. `before` are the batches accepted before it. */
export function refused(answer, before) {
  const title = answer.unusable ? "✗ Not a proof that can be checked" : "✗ Refused";
  const which = answer.number === undefined ? "" : `Batch ${grouped(answer.number)}. `;
  const parts = [element("p", {}, which, ADVICE[answer.stage] ?? "It was not accepted.")];
  parts.push(definitions([["The reason", element("code", {}, visible(answer.reason))]]));
  const result = [verdict("bad", title, parts)];
  if (before.length > 0) result.push(links(before, answer.number === undefined ? undefined : answer));
  return result;
}

/** The batches as links of a chain: each begins with the root that the one before ended with. */
function links(batches, bad) {
  const items = batches.map((batch) =>
    element(
      "li",
      {},
      element("strong", {}, `✓ Batch ${grouped(batch.number)}`),
      ` ${counted(batch.transfers, "payment")}, ${counted(batch.slots, "slot")}, ${batch.preset}`,
      definitions([
        ["from", digest(batch.oldRoot)],
        ["to", digest(batch.newRoot)],
      ]),
    ),
  );
  if (bad) items.push(element("li", { class: "bad" }, element("strong", {}, `✗ Batch ${grouped(bad.number)}`), " refused"));
  return section("The chain", [element("ol", { class: "chain" }, ...items)]);
}

/** Rows of the records' table that are shown at once. */
const ROWS = 100;

const KINDS = {
  transfer: "payment",
  withdraw: "withdrawal",
  rotateKey: "new key",
  deposit: "deposit",
  create: "new account",
  collectFees: "fees paid out",
};

function records(batches) {
  const body = element("tbody");
  const caption = element("caption", { "aria-live": "polite" });
  const columns = ["Slot", "Operation", "From", "To", "Amount", "Fee"];
  const head = element(
    "tr",
    {},
    ...columns.map((name, index) =>
      element("th", index === 0 || index > 1 ? { scope: "col", class: "number" } : { scope: "col" }, name),
    ),
  );
  const select = element(
    "select",
    { id: "records-batch" },
    ...batches.map((batch, index) => element("option", { value: String(index) }, `Batch ${grouped(batch.number)}`)),
  );
  const earlier = element("button", { type: "button" }, "Earlier");
  const later = element("button", { type: "button" }, "Later");
  let page = 0;

  const show = () => {
    const batch = batches[Number(select.value)];
    const all = batch.records ?? [];
    const shown = all.slice(page * ROWS, (page + 1) * ROWS);
    body.replaceChildren(...shown.map(row));
    const from = page * ROWS;
    caption.textContent = batch.records
      ? `Batch ${grouped(batch.number)}: ${counted(all.length, "operation")}` +
        (all.length > ROWS ? `, ${from + 1} to ${from + shown.length} shown` : "") +
        (batch.padding > 0 ? `; ${counted(batch.padding, "slot")} of padding` : "")
      : "Too many records for one page: verify this batch alone to see its own.";
    earlier.disabled = page === 0;
    later.disabled = (page + 1) * ROWS >= all.length;
  };
  const turn = (to) => {
    page = to;
    show();
  };
  select.addEventListener("change", () => turn(0));
  earlier.addEventListener("click", () => turn(page - 1));
  later.addEventListener("click", () => turn(page + 1));
  show();

  const table = element("table", {}, caption, element("thead", {}, head), body);
  const controls = element("div", { class: "row" });
  if (batches.length > 1) {
    controls.append(element("span", {}, element("label", { for: "records-batch" }, "Of which batch"), select));
  }
  if (batches.some((batch) => (batch.records?.length ?? 0) > ROWS)) controls.append(earlier, later);
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of operations" }, table);
  return section("The operations", [
    element("p", { class: "note" }, "Accounts are numbers in the table of accounts; amounts are in the smallest unit of the account's asset."),
    controls,
    scroll,
  ]);
}

function row(record) {
  const number = (value) => element("td", { class: "number" }, value === undefined ? "" : grouped(value));
  const to = record.recipient === undefined ? number(record.to) : element("td", {}, digest(record.recipient));
  return element(
    "tr",
    {},
    number(record.slot),
    element("td", {}, KINDS[record.kind] ?? visible(record.kind)),
    number(record.from),
    to,
    number(record.amount),
    number(record.fee),
  );
}
