// The dialogs that ask the server for cheeps: those round one, its thread, a search. What they show is kept up to date while
// they are open, and gone once they are closed.

import { cheepOf } from './changes.js';
import { byId, onSubmit } from './dom.js';
import { Listing } from './listing.js';
import { finderOf, tooLong } from './query.js';

/** Cheeps shown round the one that is looked for. */
const AROUND = 11;
/** Cheeps that a search gives at once. */
const FOUND = 30;

/**
 * @typedef {import('./protocol.js').Cheep} Cheep
 * @typedef {{events: Cheep[], from: number, to: number, head: number, more: boolean}} Page
 * @typedef {object} Way  how a dialog comes to what it shows
 * @property {(request: object) => Promise<Page>} ask
 * @property {(seq: number) => Cheep[]} cheepsAfter  what came live after this seq
 * @property {() => import('./article.js').Context} context
 */

/** What the three have in common: one question at a time, and only the answer to the last one counts. */
class Lookup {
  #dialog;
  #note;
  #more;
  /** What the button for more says. */
  #label;
  /** The question that was asked last; what is answered later belongs to another one. */
  #asked = null;
  #goOn = () => {};
  way;
  listing;
  /** The cheep that it is about, and what is marked in the texts. */
  wanted = null;
  found = null;

  /** @param {string} name @param {Way} way */
  constructor(name, way, isNewestFirst) {
    this.#dialog = byId(name);
    this.#note = byId(`${name}-note`);
    this.#more = byId(`${name}-more`);
    this.#label = this.#more.textContent;
    this.way = way;
    this.listing = new Listing(byId(`${name}-list`), { prefix: name.charAt(0), isNewestFirst });
    this.#dialog.addEventListener('close', () => this.clear());
    this.#more.addEventListener('click', () => this.#goOn());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  show() {
    if (!this.isOpen) this.#dialog.showModal();
    this.clear();
  }

  close() {
    if (this.isOpen) this.#dialog.close();
    this.clear();
  }

  clear() {
    this.#asked = null;
    this.listing.clear();
    this.say('');
    this.offerMore(null);
  }

  say(sentence) {
    this.#note.textContent = sentence;
  }

  /** @param {(() => void) | null} goOn  what the button for more does; null if there is no more */
  offerMore(goOn, label = this.#label) {
    this.#goOn = goOn ?? (() => {});
    this.#more.hidden = goOn === null;
    this.#more.textContent = label;
  }

  /**
   * Asks, and shows the cheeps of the answer. A question that failed can be asked again, if that can be of use.
   * @param {object} request
   * @param {(page: Page) => void} onPage
   */
  async ask(request, onPage) {
    this.#asked = request;
    this.say('Looking …');
    this.offerMore(null);
    try {
      const page = await this.way.ask(request);
      if (this.#asked !== request) return;
      this.say('');
      this.listing.add(page.events.map(cheepOf).filter(Boolean));
      onPage(page);
      this.draw();
    } catch (error) {
      if (this.#asked !== request) return;
      this.say(error.message);
      if (error.retryable !== false) this.offerMore(() => this.ask(request, onPage), 'Try again');
    }
  }

  /** @param {import('./protocol.js').Event[]} events */
  apply(events) {
    if (this.isOpen) this.listing.apply(events);
  }

  draw() {
    if (this.isOpen) this.listing.draw({ ...this.way.context(), wanted: this.wanted, found: this.found });
  }

  /** Brings a cheep that is there into sight; false if it is not there. */
  goTo(seq) {
    const article = this.isOpen ? this.listing.articleOf(seq) : null;
    article?.focus({ preventScroll: true });
    article?.scrollIntoView({ block: 'center' });
    return article !== null;
  }
}

/** A cheep among its neighbours. */
class Around extends Lookup {
  constructor(way) {
    super('around', way, true);
  }

  async open(seq) {
    this.show();
    this.wanted = seq;
    await this.ask({ type: 'history', around: seq, limit: AROUND }, () => {});
    this.goTo(seq);
  }
}

/** What a cheep answers, itself, and all answers. */
class Thread extends Lookup {
  #isWhole = false;

  constructor(way) {
    super('thread', way, false);
  }

  async open(seq) {
    this.show();
    this.wanted = seq;
    await this.#read(seq, undefined);
    this.goTo(seq);
  }

  #read(seq, after) {
    this.#isWhole = false;
    return this.ask({ type: 'thread', seq, ...(after !== undefined && { after }) }, ({ more, to, head }) => {
      this.#isWhole = !more;
      if (more) this.offerMore(() => this.#read(seq, to));
      // An answer can have come live before this page did, and after it was made.
      else this.#addAnswers(this.way.cheepsAfter(head));
    });
  }

  /** New answers come in at the end, if nothing is missing before them. */
  apply(events) {
    // Added first: an answer can be changed by what comes right after it.
    if (this.isOpen && this.#isWhole) this.#addAnswers(events.map(cheepOf).filter(Boolean));
    super.apply(events);
  }

  #addAnswers(cheeps) {
    const here = new Set(this.listing.cheeps.map(({ seq }) => seq));
    const isAnswer = ({ seq, reply_to: answered }) => here.has(answered) && Boolean(here.add(seq));
    this.listing.add(cheeps.filter(isAnswer));
  }
}

/** Cheeps that have something in them. */
class Search extends Lookup {
  #field = byId('q');

  constructor(way) {
    super('search', way, true);
    onSubmit(byId('search-form'), () => this.#begin(this.#field.value.trim()));
  }

  open() {
    this.show();
    this.#field.focus();
    this.#field.select();
  }

  #begin(q) {
    this.clear();
    const refusal = tooLong(q);
    this.found = refusal === '' ? finderOf(q) : null;
    if (refusal !== '') this.say(refusal);
    else if (q !== '') this.#read(q, undefined);
  }

  #read(q, before) {
    this.ask({ type: 'search', q, limit: FOUND, ...(before !== undefined && { before }) }, ({ from, to, head, more }) => {
      const count = this.listing.cheeps.length;
      // What was said a moment ago may not be searched yet.
      const none = to < head ? 'Nothing was found yet: the newest cheeps are not searched so far.' : 'Nothing was found.';
      this.say(count === 0 ? none : `${count}${more ? ' and more' : ''} found`);
      if (more) this.offerMore(() => this.#read(q, from));
    });
  }
}

/** The three of them. */
export class Lookups {
  #around;
  #thread;
  #search;

  /** @param {Way} way */
  constructor(way) {
    this.#around = new Around(way);
    this.#thread = new Thread(way);
    this.#search = new Search(way);
  }

  get #all() {
    return [this.#around, this.#thread, this.#search];
  }

  openAround(seq) {
    this.#around.open(seq);
  }

  openThread(seq) {
    this.#thread.open(seq);
  }

  openSearch() {
    this.#search.open();
  }

  /** @returns {Cheep | undefined} */
  find(seq) {
    return this.#all.flatMap(({ listing }) => listing.cheeps).find((cheep) => cheep.seq === seq);
  }

  /** Goes to a cheep in the dialog that is open; false if it is in none. */
  goTo(seq) {
    return this.#all.some((lookup) => lookup.goTo(seq));
  }

  apply(events) {
    this.#all.forEach((lookup) => lookup.apply(events));
  }

  draw() {
    this.#all.forEach((lookup) => lookup.draw());
  }

  close() {
    this.#all.forEach((lookup) => lookup.close());
  }
}
