// The timeline on the page: keeps the part of it near the viewport in the DOM, and what is being read in its place.

import { drawCheep, drawDay, drawMark, drawPending, lookOf, refreshTimes } from './article.js';
import { byId, element } from './dom.js';
import { Keyed } from './keyed.js';
import { Places, Strip, blockOf, placesOf } from './strip.js';
import { dayOf } from './time.js';
import { drawable, rows } from './timeline.js';

/** How often the part to draw is looked for again, since heights are known only once something is drawn. */
const ROUNDS = 3;

export class Feed {
  #root = byId('feed');
  #pending = element('div');
  #above = element('div');
  #below = element('div');
  #strip = new Strip();
  #places = new Places();
  /** @type {Map<number, Keyed>} the blocks that are drawn */
  #blocks = new Map();
  #pendingRows = new Keyed(this.#pending);
  #drawn = { state: null, context: null };
  /** @type {{seq: string, top: number} | null}  the cheep that is being read, and where on the screen */
  #place = null;

  constructor() {
    this.#root.replaceChildren(this.#pending, this.#above, this.#below);
    let { width } = this.#root.getBoundingClientRect();
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === width) return;
      width = contentRect.width;
      this.#strip.forget();
      if (this.#drawn.state) this.#draw(this.#place);
    }).observe(this.#root);
  }

  /**
   * @param {import('./timeline.js').Timeline} state
   * @param {import('./article.js').Context & {name: string}} context
   */
  draw(state, context) {
    const before = this.#drawn.context;
    const isOther = before !== null && (before.reader !== context.reader || dayOf(before.now) !== dayOf(context.now));
    // Nothing of another timeline is of use, though its seqs are the same numbers.
    const isAfresh = state.cheeps.length === 0;
    // A feed without articles is none.
    this.#root.setAttribute('role', isAfresh && state.pending.length === 0 ? 'region' : 'feed');
    const place = this.#findPlace();
    if (isOther || isAfresh) this.#clear();
    if (isAfresh) {
      this.#strip.forget();
      this.#keepRoom(0, 0);
    }
    this.#drawn = { state, context };
    this.#places.update(state.cheeps);
    this.#draw(place);
  }

  /** After scrolling: other blocks may have come near. */
  scrolled() {
    if (!this.#drawn.state) return;
    this.#place = this.#findPlace();
    if (!this.#fits()) this.#draw(this.#place);
  }

  tick(now) {
    refreshTimes(this.#root, now);
  }

  /** How far the oldest loaded cheep is below the screen, in px. */
  get leftBelow() {
    return this.#root.getBoundingClientRect().bottom - window.innerHeight;
  }

  /** Whether the reader's keyboard or selection is in the feed. */
  get isInUse() {
    return this.#used() !== null;
  }

  /** Moves the focus to the next cheep (1) or the one before (-1); from elsewhere to the first in sight. */
  move(step) {
    const articles = [...this.#root.querySelectorAll('article[data-seq]')];
    const at = articles.indexOf(document.activeElement?.closest?.('article'));
    const inSight = () => articles.find((article) => article.getBoundingClientRect().top >= headerBottom());
    const next = at === -1 ? (inSight() ?? articles.at(-1)) : articles[at + step];
    if (next) focusOn(next, 'nearest');
  }

  /** Goes to a cheep that is loaded. */
  jump(seq) {
    const block = blockOf(this.#places.of(seq));
    if (!this.#blocks.has(block)) {
      const top = this.#strip.top(block, this.#span());
      window.scrollTo(0, window.scrollY + this.#above.getBoundingClientRect().top + top - window.innerHeight / 3);
      this.#draw(null);
    }
    const article = byId(`c${seq}`);
    if (article) focusOn(article, 'center');
  }

  #clear() {
    for (const block of this.#blocks.values()) block.element.remove();
    this.#blocks.clear();
    this.#pendingRows.arrange([], () => {});
  }

  /** Draws what is near, with `place` where it was. */
  #draw(place) {
    const { state, context } = this.#drawn;
    const pending = [...state.pending].reverse();
    const pendingRows = pending.map((item) => ({ key: item.post.id, look: [item.seq === null, context.isLive, context.name], item }));
    this.#pendingRows.arrange(pendingRows, ({ item }) => drawPending(item, context.name, context));
    for (let round = 0; round < ROUNDS && !this.#fits(round > 0); round += 1) this.#drawBlocks();
    this.#keep(place);
    this.#place = this.#findPlace();
  }

  /** The places of all that may be drawn; null if there are none. */
  #span() {
    const part = drawable(this.#drawn.state);
    return part && this.#places.upTo(part.last);
  }

  #part() {
    const span = this.#span();
    if (!span) return null;
    const top = -this.#above.getBoundingClientRect().top;
    const screen = window.innerHeight;
    return { span, ...this.#strip.slice(span, top - screen, top + 2 * screen) };
  }

  /** Whether the blocks that are near are those that are drawn; with `asTheyAre` even if their cheeps changed. */
  #fits(asTheyAre = true) {
    const part = this.#part();
    if (!part) return true;
    return asTheyAre && this.#blocks.size === part.newest - part.oldest + 1 && this.#blocks.has(part.newest) && this.#blocks.has(part.oldest);
  }

  #drawBlocks() {
    const { state, context } = this.#drawn;
    const { span, newest, oldest, above, below } = this.#part();
    for (const [number, block] of this.#blocks) {
      if (number <= newest && number >= oldest) continue;
      block.element.remove();
      this.#blocks.delete(number);
    }
    let next = this.#above.nextSibling;
    for (let number = newest; number >= oldest; number -= 1) {
      const block = this.#blocks.get(number) ?? new Keyed(element('div'));
      this.#blocks.set(number, block);
      if (block.element === next) next = next.nextSibling;
      else this.#root.insertBefore(block.element, next);
      block.arrange(this.#rows(placesOf(number, span)), (row) => drawRow(row, context));
    }
    // Before anything is measured: a page that is too short for a moment is scrolled up by the browser.
    this.#keepRoom(above, below);
    for (const [number, block] of this.#blocks) {
      const { first, last } = placesOf(number, span);
      this.#strip.measure(number, block.element.getBoundingClientRect().height, last - first + 1);
    }
    const bottom = this.#strip.top(oldest, span) + this.#strip.height(oldest, span);
    const end = blockOf(span.first);
    this.#keepRoom(this.#strip.top(newest, span), this.#strip.top(end, span) + this.#strip.height(end, span) - bottom);
  }

  #rows({ first, last }) {
    const { state, context } = this.#drawn;
    const all = rows(state, this.#places.seqAt(first), this.#places.seqAt(last), dayOf, dayOf(context.now));
    return all.map((row) => (row.kind === 'cheep' ? { ...row, key: row.cheep.seq, look: lookOf(row.cheep, context) } : { ...row, look: [] }));
  }

  #keepRoom(above, below) {
    this.#above.style.height = `${above}px`;
    this.#below.style.height = `${below}px`;
  }

  /**
   * What is to stay where it is: the cheep that is used, or else the first that begins in sight, as the one above it may itself
   * become longer. Nothing at the top, where the reader follows.
   */
  #findPlace() {
    const used = this.#used();
    if (window.scrollY <= 1 && used === null) return null;
    const from = headerBottom();
    const drawn = Array.from(this.#root.querySelectorAll('article[data-seq]'), (article) => ({ article, rect: article.getBoundingClientRect() }));
    const inSight = drawn.filter(({ rect }) => rect.bottom > from && rect.top < window.innerHeight);
    const place = inSight.find(({ article }) => article.contains(used)) ?? inSight.find(({ rect }) => rect.top >= from) ?? inSight[0];
    return place ? { seq: place.article.dataset.seq, top: place.rect.top } : null;
  }

  /** Where the reader's keyboard or selection is in the feed; null if it is not there. */
  #used() {
    const { activeElement } = document;
    if (this.#root.contains(activeElement)) return activeElement;
    const { anchorNode, isCollapsed } = document.getSelection() ?? { isCollapsed: true };
    return !isCollapsed && this.#root.contains(anchorNode) ? (anchorNode.parentElement ?? this.#root) : null;
  }

  #keep(place) {
    const article = place && byId(`c${place.seq}`);
    if (!article) return;
    const moved = article.getBoundingClientRect().top - place.top;
    if (Math.abs(moved) >= 0.5) window.scrollBy(0, moved);
  }
}

function drawRow(row, context) {
  if (row.kind === 'cheep') return drawCheep(row.cheep, context);
  return row.kind === 'day' ? drawDay(row.at, context.now) : drawMark();
}

function headerBottom() {
  return Math.max(document.querySelector('body > header').getBoundingClientRect().bottom, 0);
}

function focusOn(article, block) {
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block });
}
