// What the page shows. Everything that comes from the node is set as text, never as HTML: what a stranger wrote stays words.
"use strict";

const byId = (id) => document.getElementById(id);
const state = { token: "", before: null, last: null, lookups: 0 };

class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `status ${status}`);
    this.status = status;
  }
}

async function ask(path) {
  const headers = state.token ? { Authorization: `Bearer ${state.token}` } : {};
  const response = await fetch(path, { headers, credentials: "omit", cache: "no-store" });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

function say(id, text, mood) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  if (mood !== undefined) element.className = mood;
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const number = (value) => Number(value).toLocaleString("en");
const when = (millis) => new Date(millis).toISOString().replace("T", " ").slice(0, 19);
const size = (bytes) => (bytes === null ? "–" : `${(bytes / 1024).toFixed(1)} KiB`);
const span = (seconds) => (seconds === null ? "–" : seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(0)} min`);
const milli = (value) => (value === null ? "–" : `${value.toFixed(1)} ms`);

function showStatus(status) {
  const why = status.paused ? "paused by its operator" : status.read_only ? "disk nearly full: answers questions only"
    : "too much is pending";
  say("state", status.ready ? "Ready: takes orders" : `Not ready: ${why}`, status.ready ? "good" : "bad");
  say("environment", status.environment);
  say("version", status.version);
  say("pending", `${number(status.pending)} of ${number(status.max_pending)}`);
  say("open", `${number(status.open_batch)}, with ${number(status.open_operations)}`);
  say("unproven", status.held > 0 ? `${number(status.unproven)}, ${number(status.held)} held` : number(status.unproven));
  say("oldest", span(status.oldest_unproven_seconds));
  say("taken", `${number(status.accepted)} / ${number(status.refused)}`);
  say("latency", `${milli(status.answer_p50_ms)} / ${milli(status.answer_p99_ms)}`);
  say("audit", number(status.audit.length));
  byId("audit").title = `hash of the last line: ${status.audit.link}`;
  const now = performance.now();
  if (state.last && status.accepted >= state.last.accepted) {
    const rate = (status.accepted - state.last.accepted) / ((now - state.last.at) / 1000);
    say("throughput", rate.toFixed(1));
  }
  state.last = { accepted: status.accepted, at: now };
}

function showBatches(batches) {
  const rows = batches.map((batch) => {
    const row = document.createElement("tr");
    const head = element("th", number(batch.number));
    head.scope = "row";
    const stage = element("td", batch.stage, batch.stage === "held" ? "bad" : "");
    if (batch.last_failure) stage.title = batch.last_failure;
    const root = element("td", `${batch.new_root.slice(0, 16)}…`, "hash");
    root.title = batch.new_root;
    row.append(head, stage, element("td", `${number(batch.operations)} of ${number(batch.slots)}`),
      element("td", when(batch.sealed_at)), element("td", size(batch.proof_bytes)), root);
    return row;
  });
  if (rows.length === 0) {
    const cell = element("td", "None yet.");
    cell.colSpan = 6;
    const row = document.createElement("tr");
    row.append(cell);
    rows.push(row);
  }
  byId("rows").replaceChildren(...rows);
  const last = batches.at(-1);
  byId("older").hidden = !last || last.number === 0;
  byId("older").dataset.before = last ? String(last.number) : "";
  byId("newer").hidden = state.before === null;
}

function showAlerts(alerts) {
  const items = alerts.map((alert) => {
    const words = Object.entries(alert.event).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`);
    return element("li", `${when(alert.time)} – ${words.join(", ")}`, alert.event.event === "alarm" ? "bad" : "");
  });
  if (items.length === 0) items.push(element("li", "None since the node was started."));
  // Unchanged lists are left alone: a screen reader would read them again.
  const text = items.map((item) => item.textContent).join("\n");
  if (byId("alerts").dataset.text !== text) {
    byId("alerts").replaceChildren(...items);
    byId("alerts").dataset.text = text;
  }
}

function describe(record) {
  switch (record.kind) {
    case "transfer": return `${record.amount} from ${record.from} to ${record.to}, fee ${record.fee}`;
    case "withdraw": return `${record.amount} from ${record.from} to 0x${record.recipient}, fee ${record.fee}`;
    case "rotate-key": return `account ${record.account}, slot ${record.slot}, fee ${record.fee}`;
    case "deposit": return `${record.amount} of asset ${record.asset} to ${record.to}`;
    case "collect-fees": return `${record.amount} to ${record.to}`;
    default: return "";
  }
}

async function showAccount(id) {
  const found = byId("found");
  // Of two answers that are under way, only the later question's is shown; meanwhile nobody else's is.
  const lookup = ++state.lookups;
  const show = (...parts) => {
    if (lookup === state.lookups) found.replaceChildren(...parts);
  };
  show(element("p", `Asking for account ${id} …`));
  try {
    const [proof, history, view] = await Promise.all([
      ask(`/v1/accounts/${id}/proof`), ask(`/v1/accounts/${id}/history?limit=20`),
      ask(`/v1/accounts/${id}`).catch((error) => { if (error.status === 404) return null; throw error; }),
    ]);
    const parts = [];
    const sealed = proof.account;
    parts.push(element("p", sealed
      ? `Account ${id} holds ${sealed.balance} of asset ${sealed.asset}; it has signed ${sealed.nonce} operations.`
      : `Account ${id} is empty in the last sealed state.`));
    if (view && view.pending_orders > 0) {
      parts.push(element("p", `${view.pending_orders} of its orders are pending; then it holds ${view.pending.balance}.`));
    }
    parts.push(element("p", proof.checked_by_node
      ? "Merkle proof: the node checked that its path leads to the root below. The page did not: verify the proof with a wallet, and the root with the batch's own proof, before you rely on it."
      : "Merkle proof: the path does NOT lead to the root below. Do not rely on this node.",
    proof.checked_by_node ? "good" : "bad"));
    parts.push(element("p", `Root after ${proof.batch === null ? "opening" : `batch ${proof.batch}`}: ${proof.root}`, "hash"));
    const list = document.createElement("ol");
    for (const entry of history.entries) {
      list.append(element("li", `batch ${entry.batch}, ${entry.record.kind}: ${describe(entry.record)}`));
    }
    parts.push(element("h3", "History, newest first"));
    parts.push(history.entries.length > 0 ? list : element("p", "No sealed operation concerns it."));
    show(...parts);
  } catch (error) {
    show(element("p", `Account ${id} is not shown: ${error.message}`, "bad"));
  }
}

async function refresh() {
  try {
    showStatus(await ask("/v1/status"));
    const before = state.before === null ? "" : `&before=${state.before}`;
    const [batches, alerts] = await Promise.all([ask(`/v1/batches?limit=20${before}`), ask("/v1/alerts")]);
    showBatches(batches.batches);
    showAlerts(alerts.alerts);
    byId("access").hidden = true;
  } catch (error) {
    if (error.status === 401 || error.status === 403) byId("access").hidden = false;
    else say("state", `No answer from the node: ${error.message}`, "bad");
  }
}

function page(before) {
  state.before = before;
  refresh();
}

byId("older").addEventListener("click", () => page(byId("older").dataset.before));
byId("newer").addEventListener("click", () => page(null));
byId("lookup").addEventListener("submit", (event) => {
  event.preventDefault();
  showAccount(byId("account").value);
});
byId("access").addEventListener("submit", (event) => {
  event.preventDefault();
  state.token = byId("token").value.trim();
  byId("token").value = "";
  refresh();
});

refresh();
setInterval(() => { if (!document.hidden) refresh(); }, 5000);
