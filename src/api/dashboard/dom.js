// SPDX-License-Identifier: BSD-3-Clause
// Elements from data. Data is only ever put into text nodes and attributes, never parsed as markup: names and
// error texts come from elsewhere.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((x) => x !== null && x !== undefined));
  return node;
}

/** An HTML element; children are elements or strings. */
export const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

/** An SVG element. */
export const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Changes a text only if it is another one: screen readers and selections notice otherwise. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Makes the keyed children of `parent` those of `items`, in their order and after all others. Elements of keys that
 * stay are kept, and with them the focus.
 */
export function keyed(parent, items, key, create, update) {
  const keyedOnes = [...parent.children].filter((x) => x.dataset.key !== undefined);
  const old = new Map(keyedOnes.map((x) => [x.dataset.key, x]));
  let at = keyedOnes[0] ?? null;
  for (const item of items) {
    const name = key(item);
    let node = old.get(name);
    old.delete(name);
    if (!node) {
      node = create(item);
      node.dataset.key = name;
    }
    update(node, item);
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
  for (const node of old.values()) node.remove();
}

const SHAPES = {
  good: "M3.5 8.5 6.5 11.5 12.5 4.5",
  bad: "M4 4 12 12M12 4 4 12",
  warn: "M8 3.5V9M8 11.8V12.2",
  pause: "M5.5 4V12M10.5 4V12",
  none: "M4.5 8H11.5",
};

/** A sign that says by its shape what its colour says: good, bad, warn, pause or none. */
export const sign = (kind) =>
  svg(
    "svg",
    { class: `sign ${kind}`, viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: SHAPES[kind] }),
  );

/** A sign with a word, and a smaller line below if there is more to say. Drawn anew only if it differs. */
export function showState(cell, kind, word, more = "") {
  const drawn = JSON.stringify([kind, word, more]);
  if (cell.dataset.drawn === drawn) return;
  cell.dataset.drawn = drawn;
  cell.replaceChildren(
    el("span", { class: `state ${kind}` }, sign(kind), el("span", {}, word)),
    more ? el("small", {}, more) : "",
  );
}
