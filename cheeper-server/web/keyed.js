// Elements that are known by a key and brought up to date in place: what did not change is not touched, so the focus, a
// selection and the mouse stay on what they were on.

/** Parts that are gone through to find what changed in them; any other part is put in anew if it changed. */
const IN_PLACE = 'article, .head, .foot, .actions, button';

/** @typedef {{key: unknown, look: unknown[]}} Row  It is drawn again when something in its look is another. */

/** The children of an element, each known by a key. */
export class Keyed {
  /** @type {Map<unknown, {child: HTMLElement, look: unknown[]}>} */
  #known = new Map();

  constructor(parent) {
    this.element = parent;
  }

  /**
   * Makes the children those of these rows, in their order.
   * @template {Row} R
   * @param {R[]} rows
   * @param {(row: R) => HTMLElement} draw
   */
  arrange(rows, draw) {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, { child }] of this.#known) {
      if (wanted.has(key)) continue;
      child.remove();
      this.#known.delete(key);
    }
    let next = this.element.firstChild;
    for (const row of rows) {
      const child = this.#drawn(row, draw);
      if (child === next) next = next.nextSibling;
      else this.element.insertBefore(child, next);
    }
  }

  #drawn(row, draw) {
    const known = this.#known.get(row.key);
    if (known && isSame(known.look, row.look)) return known.child;
    const fresh = draw(row);
    if (known) refresh(known.child, fresh);
    const child = known?.child ?? fresh;
    this.#known.set(row.key, { child, look: row.look });
    return child;
  }
}

const isSame = (before, now) => before.length === now.length && now.every((part, at) => part === before[at]);

/** Makes a drawn article look like one that was drawn for the same cheep just now. */
function refresh(article, fresh) {
  const hadFocus = article.contains(document.activeElement);
  become(article, fresh);
  // What had the focus is gone: the reader is still on the same cheep.
  if (hadFocus && !article.contains(document.activeElement)) article.focus({ preventScroll: true });
}

function become(element, fresh) {
  if (element.isEqualNode(fresh)) return;
  for (const { name } of [...element.attributes]) {
    if (!fresh.hasAttribute(name)) element.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  const parts = new Map(Array.from(element.children, (part) => [partOf(part), part]));
  const children = Array.from(fresh.childNodes, (child) => kept(parts.get(partOf(child)), child));
  const isKept = new Set(children);
  for (const child of [...element.childNodes]) {
    if (!isKept.has(child)) child.remove();
  }
  children.forEach((child, at) => {
    if (element.childNodes[at] !== child) element.insertBefore(child, element.childNodes[at]);
  });
}

function kept(part, child) {
  if (!part || part.nodeName !== child.nodeName) return child;
  if (!part.matches(IN_PLACE)) return part.isEqualNode(child) ? part : child;
  // What is new in the fresh one moves over, so they cannot be compared afterwards.
  become(part, child);
  return part;
}

/** What makes two parts of an article the same one: which control it is, or what stands there. */
function partOf({ dataset, className }) {
  return dataset?.do ? `${dataset.do} ${dataset.emoji ?? ''}` : className;
}
