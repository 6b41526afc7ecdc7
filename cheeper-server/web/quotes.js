// What replies answer, if it lies outside of what is loaded: asked for once, kept for a while, as it is now.

import { apply, cheepOf } from './changes.js';

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
   * @param {(request: object) => Promise<{events: import('./protocol.js').Event[]}>} ask
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

  /** The cheep if it is here. @returns {import('./protocol.js').Cheep | undefined} */
  peek(seq) {
    return this.#kept.get(seq);
  }

  /** @param {import('./protocol.js').Event[]} events */
  apply(events) {
    for (const event of events) {
      const cheep = this.#kept.get(event.target);
      if (cheep) this.#kept.set(cheep.seq, apply(cheep, event));
    }
  }

  /** Another timeline has other cheeps. */
  forget() {
    this.#kept.clear();
  }

  async #find(seq) {
    this.#asked.add(seq);
    try {
      const { events } = await this.#ask({ type: 'history', after: seq - 1, limit: 1 });
      const cheep = cheepOf(events[0]);
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
