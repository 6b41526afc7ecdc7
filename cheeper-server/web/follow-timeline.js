// Where a client stands in the timeline: what was applied, what is held back until a gap is filled, what is to be asked for.

import { apply, changesOf } from './changes.js';

/** Live events held while a gap is being filled; more are dropped and asked for again. */
export const HELD_EVENTS = 1000;
/** Changes that are kept; an answer that is older than all of them is asked for again. */
export const KEPT_CHANGES = 1000;
/** How long to wait with a request that was refused for now, where the refusal says no time. */
export const RETRY_MS = 2000;

const GAP = 'gap';
const OLDER = 'older';

/**
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./protocol.js').Page} Page
 */

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
  /** What was the oldest when older ones were asked for. */
  #askedBefore = null;
  #recent = new Recent(0);
  #askFrom = null;

  get id() { return this.#id; }
  get cursor() { return this.#cursor; }
  get oldest() { return this.#oldest; }
  get caughtUp() { return this.#cursor !== null && this.#cursor >= this.#head; }
  get deadline() { return this.#askFrom; }
  get recent() { return this.#recent; }

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
    const events = this.#applyHeld();
    this.#recent.note(events);
    return events;
  }

  /** What a page comes to; null if it is nothing that was asked for. */
  page(page, now) {
    if (page.id === GAP && this.#gapAsked) return this.#newer(page, now);
    if (page.id === OLDER && this.#older === 'asked') return this.#olderPage(page, now);
    return null;
  }

  /** A request of ours was refused. Without its answer nothing goes on, so it is asked again whatever the reason. */
  refused(id, againAt) {
    if (id === GAP && this.#gapAsked) this.#gapAsked = false;
    else if (id === OLDER && this.#older === 'asked') this.#older = 'wanted';
    else return;
    this.#askFrom = againAt;
  }

  /** Everything up to this seq is here no longer. A page that was asked for before does not fit what is left, and is not shown. */
  forgot(upTo) {
    if (this.#oldest !== null) this.#oldest = Math.max(this.#oldest, Math.min(this.#cursor, upTo) + 1);
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
      this.#askedBefore = this.#oldest;
      return { id: OLDER, before: this.#oldest };
    }
    return null;
  }

  /**
   * Events held on this connection are of its timeline, so they stay. An answer on its way will come, and shows by what it was
   * asked for that it is of no use any more.
   */
  #reset() {
    this.#cursor = null;
    this.#oldest = null;
    if (this.#older === 'wanted') this.#older = 'enough';
    this.#head = Math.max(0, ...this.#held.keys());
  }

  #newer(page, now) {
    this.#gapAsked = false;
    const before = this.#cursor;
    // What a server does not keep any more leaves a hole that nothing fills: what is here does not join on.
    const reset = Boolean(page.reset || page.missing);
    if (reset) this.#reset();
    this.headIs(page.head);
    if (this.#cursor === null) {
      this.#oldest = page.from;
      this.#cursor = Math.max(page.from - 1, 0);
      // Of what it speaks for, it may show the outcome alone.
      this.#recent = new Recent(page.to);
    }
    const events = [];
    if (page.from <= this.#cursor + 1 && page.to > this.#cursor) {
      events.push(...page.events.filter(({ seq }) => seq > this.#cursor));
      this.#cursor = page.to;
    } else if (!this.caughtUp && this.#cursor === before) {
      // A server that answers beside the question is not to be asked in a tight circle.
      this.#askFrom = now + RETRY_MS;
    }
    events.push(...this.#applyHeld());
    this.#recent.note(events);
    return { reset, events };
  }

  #olderPage(page, now) {
    this.#older = 'enough';
    const before = this.#askedBefore;
    // Others are the oldest by now, and there are some before them.
    if (this.#oldest !== before) return { older: part([], this.#oldest, this.#oldest, this.#oldest > 1) };
    const refreshed = this.#recent.refresh(page);
    if (refreshed === null) {
      this.#older = 'wanted';
      this.#askFrom = now + RETRY_MS;
      return null;
    }
    if (page.from >= before || page.to < before - 1) return { older: part([], before, before, page.more) };
    this.#oldest = page.from;
    return { older: part(refreshed.events.filter(({ seq }) => seq < before), page.from, before, page.more) };
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

const part = (events, from, before, more) => ({ events, from, to: before - 1, more });

/**
 * The changes that came last. A page (of older cheeps, a thread, a search) shows its cheeps as they were at its `head`, and
 * changes may have come live since then: that nothing deleted comes back on the screen, they are applied to it before it is shown.
 */
class Recent {
  /** Every change after this seq is in `#changes`. */
  #since;
  /** @type {Event[]} */
  #changes = [];

  constructor(since) { this.#since = since; }

  /** Events that were applied, ascending. */
  note(events) {
    for (const event of events) {
      if (event.type === 'delete') this.#changes = this.#changes.map((change) => leftOf(change, event.target)).filter(Boolean);
      if (changesOf(event).length > 0) this.#changes.push(event);
    }
    const dropped = this.#changes.splice(0, Math.max(this.#changes.length - KEPT_CHANGES, 0));
    this.#since = Math.max(this.#since, dropped.at(-1)?.seq ?? 0);
  }

  /** Brings the cheeps of a page up to date; null if it is too old for that, and has to be asked for again. @param {Page} page */
  refresh(page) {
    if (page.head < this.#since) return null;
    return { ...page, events: page.events.map((event) => this.#changes.reduce(applyTo, event)) };
  }
}

/**
 * What is left of a change once a cheep is deleted, so that nothing that it said stays in memory: its own changes are void, and
 * if it is an answer it still counts as one.
 */
function leftOf(change, deleted) {
  if (change.seq === deleted) return { ...change, cheep: '' };
  return change.target === deleted ? null : change;
}

const applyTo = (event, change) => (event.type === 'cheep' ? apply(event, change) : event);
