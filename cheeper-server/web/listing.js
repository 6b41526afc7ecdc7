// Cheeps in a list of their own, as a dialog shows them: each as it is now, whatever comes while the list is there.

import { drawCheep, lookOf } from './article.js';
import { apply, changesOf } from './changes.js';
import { Keyed } from './keyed.js';

/** @typedef {import('./protocol.js').Cheep} Cheep */

export class Listing {
  #rows;
  #prefix;
  #isNewestFirst;
  /** Ascending. @type {Cheep[]} */
  #cheeps = [];

  /**
   * @param {HTMLElement} element
   * @param {object} how
   * @param {string} how.prefix  what the ids of its articles begin with
   * @param {boolean} how.isNewestFirst
   */
  constructor(element, { prefix, isNewestFirst }) {
    this.#rows = new Keyed(element);
    this.#prefix = prefix;
    this.#isNewestFirst = isNewestFirst;
  }

  get cheeps() {
    return this.#cheeps;
  }

  clear() {
    this.#cheeps = [];
    this.#rows.arrange([], () => {});
  }

  /** @param {Cheep[]} cheeps  those that are there already stay as they are: they had every change since */
  add(cheeps) {
    const known = new Set(this.#cheeps.map(({ seq }) => seq));
    this.#cheeps = [...this.#cheeps, ...cheeps.filter(({ seq }) => !known.has(seq))].sort((a, b) => a.seq - b.seq);
  }

  /** @param {import('./protocol.js').Event[]} events */
  apply(events) {
    const changes = events.filter((event) => changesOf(event).length > 0);
    this.#cheeps = this.#cheeps.map((cheep) => changes.reduce(apply, cheep));
  }

  /** @param {import('./article.js').Context} context */
  draw(context) {
    const cheeps = this.#isNewestFirst ? this.#cheeps.toReversed() : this.#cheeps;
    const rows = cheeps.map((cheep) => ({ key: cheep.seq, look: [...lookOf(cheep, context), context.found], cheep }));
    this.#rows.arrange(rows, ({ cheep }) => drawCheep(cheep, context, this.#prefix));
  }

  /** The drawn cheep. */
  articleOf(seq) {
    return document.getElementById(`${this.#prefix}${seq}`);
  }
}
