// What replies answer, if it lies outside of what is loaded: asked for once, kept for a while.

import { cheepOf } from './protocol.js';

/** Most cheeps that are kept. */
const KEPT = 500;
/** Questions on their way at once; those that do not fit are asked when their reply is drawn again. */
const ASKED = 8;

export class Quotes {
  #ask;
  #onFound;
  /** @type {Map<number, import('./protocol.js').Cheep>} */
  #kept = new Map();
  /** @type {Set<number>} */
  #asked = new Set();

  /**
   * @param {(part: {after: number, limit: number}) => Promise<import('./protocol.js').Page>} ask
   * @param {(cheep: import('./protocol.js').Cheep) => void} onFound
   */
  constructor(ask, onFound) {
    this.#ask = ask;
    this.#onFound = onFound;
  }

  /** Gives the cheep if it is here, else has it looked for. */
  get(seq) {
    const kept = this.#kept.get(seq);
    if (!kept && !this.#asked.has(seq) && this.#asked.size < ASKED) this.#find(seq);
    return kept;
  }

  /** Another timeline has other cheeps. */
  forget() {
    this.#kept.clear();
  }

  async #find(seq) {
    this.#asked.add(seq);
    try {
      const { events: [event] } = await this.#ask({ after: seq - 1, limit: 1 });
      const cheep = cheepOf(event);
      if (cheep?.seq !== seq) return;
      this.#kept.set(seq, cheep);
      if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value);
      this.#onFound(cheep);
    } catch {
      // No connection: it is asked for when the reply is drawn again.
    } finally {
      this.#asked.delete(seq);
    }
  }
}
