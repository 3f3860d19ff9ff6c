// Text for the page. Whatever a stranger wrote becomes text nodes, never markup, with what cannot be seen spelt out.

/** Acts on its neighbours or cannot be seen: controls, direction, zero width, separators, fillers. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The most of a stranger's words that is shown, in UTF-16 units. */
const MAX_LENGTH = 600;

/** A stranger's words, safe to read: hidden characters as `\u{202e}`, and not without end. */
export function visible(text, most = MAX_LENGTH) {
  const whole = String(text);
  const start = whole.length > most ? `${whole.slice(0, most)}…` : whole;
  return start.replace(HIDDEN, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

/** A whole number with commas; it may be text, and of any size. */
export function grouped(number) {
  return BigInt(number).toLocaleString("en");
}

/** So many of something. */
export function counted(number, one, many = `${one}s`) {
  return `${grouped(number)} ${BigInt(number) === 1n ? one : many}`;
}

/** A second since 1970, as text of any size, for people. */
export function instant(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `second ${grouped(seconds)}` : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** An element. Strings among the children become text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A digest, which is long. */
export function digest(text) {
  return element("span", { class: "digest" }, visible(text));
}
