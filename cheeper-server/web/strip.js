// The timeline as a strip of blocks, newest on top: which of them are near the viewport, and how much room the others
// take up. Blocks are what is put into the page and taken out; a block's height is known once it was drawn. Pure.
// Cheeps are counted here, not seqs: thousands of changes in a row take up seqs and no room.

/** Cheeps in a block. */
export const BLOCK_CHEEPS = 32;
/** The height of a cheep before any was drawn, in px. */
const FIRST_GUESS_PX = 80;

/** @typedef {{first: number, last: number}} Span  places, both included */

export const blockOf = (place) => Math.floor(place / BLOCK_CHEEPS);

/** The places of a block, as far as they lie in `span`. */
export function placesOf(block, { first, last }) {
  return { first: Math.max(block * BLOCK_CHEEPS, first), last: Math.min((block + 1) * BLOCK_CHEEPS - 1, last) };
}

/** Where in a list of cheeps the first one stands whose seq is at least this. */
function indexOf(cheeps, seq) {
  let [from, to] = [0, cheeps.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (cheeps[middle].seq < seq) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The cheeps that are loaded, by number: each keeps its place while older and newer ones come in beside it. */
export class Places {
  #cheeps = [];
  /** The place of the oldest. */
  #first = 0;

  /** @param {{seq: number}[]} cheeps  those that are loaded now, ascending */
  update(cheeps) {
    const [before, now] = [this.#cheeps[0]?.seq, cheeps[0]?.seq];
    if (now < before) this.#first -= indexOf(cheeps, before);
    else if (now > before) this.#first += indexOf(this.#cheeps, now);
    this.#cheeps = cheeps;
  }

  /** The places up to this seq; null if there are none. @returns {Span | null} */
  upTo(seq) {
    const count = indexOf(this.#cheeps, seq + 1);
    return count > 0 ? { first: this.#first, last: this.#first + count - 1 } : null;
  }

  /** The place of a cheep that is loaded. */
  of(seq) {
    return this.#first + indexOf(this.#cheeps, seq);
  }

  seqAt(place) {
    return this.#cheeps[place - this.#first].seq;
  }
}

export class Strip {
  /** @type {Map<number, {px: number, count: number}>} */
  #measured = new Map();
  #totalPx = 0;
  #totalCount = 0;

  /** A block with this many cheeps is this high. */
  measure(block, px, count) {
    const before = this.#measured.get(block);
    if (before?.px === px && before.count === count) return;
    this.#totalPx += px - (before?.px ?? 0);
    this.#totalCount += count - (before?.count ?? 0);
    this.#measured.set(block, { px, count });
  }

  /** The width or the timeline is another: what was measured is worth nothing any more. */
  forget() {
    this.#measured.clear();
    this.#totalPx = 0;
    this.#totalCount = 0;
  }

  /** How high a block is, or probably is. */
  height(block, span) {
    const { first, last } = placesOf(block, span);
    const count = last - first + 1;
    const known = this.#measured.get(block);
    if (known?.count === count) return known.px;
    return count * (this.#totalCount > 0 ? this.#totalPx / this.#totalCount : FIRST_GUESS_PX);
  }

  /**
   * The blocks that reach into the part from `top` to `bottom`, in px from the strip's top; at least one.
   * @param {Span} span
   * @returns {{newest: number, oldest: number, above: number, below: number}} the blocks to draw, the room round them
   */
  slice(span, top, bottom) {
    const end = blockOf(span.first);
    let newest = blockOf(span.last);
    let above = 0;
    for (let px; newest > end && above + (px = this.height(newest, span)) <= top; newest -= 1) above += px;
    let reached = above + this.height(newest, span);
    let oldest = newest;
    for (; oldest > end && reached < bottom; oldest -= 1) reached += this.height(oldest - 1, span);
    let below = 0;
    for (let block = oldest - 1; block >= end; block -= 1) below += this.height(block, span);
    return { newest, oldest, above, below };
  }

  /** How far a block's top is from the strip's. */
  top(block, span) {
    let px = 0;
    for (let above = blockOf(span.last); above > block; above -= 1) px += this.height(above, span);
    return px;
  }
}
