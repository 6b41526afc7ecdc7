// Where a client stands in the timeline: what was applied, what is held back until a gap is filled, what is to be asked for.

/** Live events held while a gap is being filled; more are dropped and asked for again. */
export const HELD_EVENTS = 1000;
/** How long to wait with a request that was refused for now, where the refusal says no time. */
export const RETRY_MS = 2000;

const GAP = 'gap';
const OLDER = 'older';

/** @typedef {import('./protocol.js').Event} Event */

export class Timeline {
  #id = null;
  #cursor = null;
  #oldest = null;
  #head = 0;
  /** @type {Map<number, Event>} */
  #held = new Map();
  #gapAsked = false;
  /** @type {'enough' | 'wanted' | 'asked'} */
  #older = 'enough';
  #askFrom = null;

  get id() { return this.#id; }
  get cursor() { return this.#cursor; }
  get caughtUp() { return this.#cursor !== null && this.#cursor >= this.#head; }
  get deadline() { return this.#askFrom; }

  /** A new connection: true if what is here is of another timeline, and is dropped. */
  welcomed(id, head) {
    const isOther = this.#id !== null && this.#id !== id;
    const reset = this.#cursor !== null && (isOther || this.#cursor > head);
    if (reset) this.#reset();
    this.#id = id;
    this.#head = head;
    return reset;
  }

  /** The connection ended: what was on its way will not come. */
  lost() {
    this.#held.clear();
    this.#gapAsked = false;
    this.#askFrom = null;
    if (this.#older === 'asked') this.#older = 'wanted';
  }

  headIs(head) { this.#head = Math.max(this.#head, head); }

  /** A live event; gives those that can be shown now. */
  live(event) {
    this.headIs(event.seq);
    if (this.#held.size < HELD_EVENTS) this.#held.set(event.seq, event);
    return this.#applyHeld();
  }

  /** What a page comes to: outputs. */
  page(page, now) {
    if (page.id === GAP && this.#gapAsked) return this.#newer(page, now);
    if (page.id === OLDER && this.#older === 'asked') return this.#olderPage(page);
    return null;
  }

  /** A request of ours was refused. Without its answer nothing goes on, so it is asked again whatever the reason. */
  refused(id, againAt) {
    if (id === GAP && this.#gapAsked) this.#gapAsked = false;
    else if (id === OLDER && this.#older === 'asked') this.#older = 'wanted';
    else return;
    this.#askFrom = againAt;
  }

  /** Events before this seq are kept no longer; they can be asked for again as older ones. */
  forget(before) {
    if (this.#oldest !== null && before > this.#oldest && before <= this.#cursor) this.#oldest = before;
  }

  wantOlder() {
    if (this.#older === 'enough' && this.#oldest !== null && this.#oldest > 1) this.#older = 'wanted';
  }

  /** What to ask next; null for nothing. */
  nextQuestion(now) {
    if (this.#askFrom !== null && now < this.#askFrom) return null;
    this.#askFrom = null;
    if (!this.#gapAsked && !this.caughtUp) {
      this.#gapAsked = true;
      return this.#cursor === null ? { id: GAP } : { id: GAP, after: this.#cursor };
    }
    if (this.#older === 'wanted' && this.#oldest !== null) {
      this.#older = 'asked';
      return { id: OLDER, before: this.#oldest };
    }
    return null;
  }

  /** Events held on this connection are of its timeline, so they stay. */
  #reset() {
    this.#cursor = null;
    this.#oldest = null;
    this.#older = 'enough';
    this.#head = Math.max(0, ...this.#held.keys());
  }

  #newer(page, now) {
    this.#gapAsked = false;
    if (page.reset) this.#reset();
    this.headIs(page.head);
    if (this.#cursor === null) {
      this.#oldest = page.cheeps.length > 0 ? page.cheeps[0].seq : page.head + 1;
      this.#cursor = this.#oldest - 1;
    }
    for (const event of page.cheeps) this.#held.set(event.seq, event);
    const events = this.#applyHeld();
    // A server that answers beside the question is not to be asked in a tight circle.
    if (events.length === 0 && !this.caughtUp) this.#askFrom = now + RETRY_MS;
    return { reset: Boolean(page.reset), events };
  }

  #olderPage(page) {
    this.#older = 'enough';
    const events = [];
    for (const event of [...page.cheeps].reverse()) {
      if (this.#oldest > 1 && event.seq === this.#oldest - 1) {
        this.#oldest = event.seq;
        events.push(event);
      }
    }
    return { older: events.reverse(), more: page.more };
  }

  /** Moves the cursor over everything that follows it without a hole; what lies behind it came twice. */
  #applyHeld() {
    if (this.#cursor === null) return [];
    const events = [];
    for (let event; (event = this.#held.get(this.#cursor + 1)) !== undefined;) {
      this.#cursor = event.seq;
      events.push(event);
    }
    for (const seq of this.#held.keys()) {
      if (seq <= this.#cursor) this.#held.delete(seq);
    }
    return events;
  }
}
