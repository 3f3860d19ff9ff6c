// A verifier's challenge: the form that asks, and the challenge as text and as a QR code.
import { definitions } from "./parts.js";
import { element, instant, visible } from "./text.js";

const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** Light modules around a code, which readers need. */
const QUIET = 4;

/** A QR code as a picture, of rows of `0` and `1`. Dark on light in every colour scheme: not all readers take others. */
function picture(rows, label) {
  const size = rows.length + 2 * QUIET;
  const svg = document.createElementNS(SVG, "svg");
  const set = (node, attributes) => Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  set(svg, { viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label, class: "code", "shape-rendering": "crispEdges" });
  const ground = document.createElementNS(SVG, "rect");
  set(ground, { width: size, height: size, fill: "#ffffff" });
  const path = document.createElementNS(SVG, "path");
  const runs = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ index, 0: run }) => `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`));
  set(path, { d: runs.join(""), fill: "#000000" });
  svg.append(ground, path);
  return svg;
}

/** What the form asks; undefined when it is not filled in. */
export function question() {
  const form = at("ask");
  if (!form.checkValidity()) {
    form.reportValidity();
    return undefined;
  }
  return {
    question: {
      verifier: at("ask-verifier").value.trim(),
      predicate: at("ask-predicate").value,
      expires: Math.floor(Date.now() / 1000) + 60 * Number(at("ask-minutes").value),
      pseudonym: at("ask-pseudonym").checked,
    },
    issuer: at("ask-issuer").files[0],
    sets: [...at("ask-sets").files],
  };
}

/** Says why there is no challenge. */
export function refuse(reason) {
  at("ask-error").textContent = visible(reason);
  at("ask-predicate").focus();
}

let address;

/** Shows a challenge that was made; an answer is checked against it from now on. */
export function showChallenge(asked) {
  at("ask-error").textContent = "";
  const { text, predicate, code } = asked;
  const { issuer, expires, today } = JSON.parse(text);
  URL.revokeObjectURL(address);
  address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const area = element("textarea", { id: "challenge-text", readonly: "", rows: "6", spellcheck: "false" });
  area.value = text;
  const copied = element("span", { role: "status" });
  const copy = element("button", { type: "button", id: "challenge-copy" }, "Copy the text");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = "Copied.";
    } catch {
      area.select();
      copied.textContent = "Selected: copy it with your keyboard.";
    }
  });
  const panel = at("challenge");
  const heading = element("h2", { id: "challenge-title", tabindex: "-1" }, "Your challenge");
  panel.replaceChildren(
    heading,
    element("p", {}, "Send it to the holder, as a file, as text or by the code. When the proof comes back, drop it above: it is checked against this challenge and no other, once. The page forgets the challenge when it is closed; a kept file can be dropped together with the proof."),
    definitions([
      ["Asked", element("code", {}, visible(predicate, Infinity))],
      ["Of a credential of", visible(issuer.name)],
      ["Valid on", today],
      ["Answer until", instant(String(expires))],
    ]),
    code
      ? picture(code, "The challenge as a QR code; it says the same as the text below")
      : element("p", { class: "note" }, "It is too long for a QR code: send the text or the file."),
    element("label", { for: "challenge-text" }, "The challenge as text"),
    area,
    element("div", { class: "row" }, copy, element("a", { href: address, download: "challenge.json", class: "button" }, "Save challenge.json"), copied),
  );
  panel.hidden = false;
  heading.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "nearest" });
}

/** The challenge was answered: it counts no more. */
export function forgetChallenge() {
  URL.revokeObjectURL(address);
  at("challenge").hidden = true;
  at("challenge").replaceChildren();
}
