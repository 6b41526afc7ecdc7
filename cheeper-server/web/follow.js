// What a client does to miss nothing and to post everything once, as `cheeper_protocol::follow` does it.
// It opens no socket and reads no clock: inputs go in with the time, outputs are taken out, `deadline` says when to come again.

import { LIMITS, foldName } from './protocol.js';

/**
 * Moments and spans are in milliseconds.
 * @typedef {{id: string, cheep: string, reply_to?: number}} Post
 * @typedef {{name: string, secret?: string}} Identity
 * @typedef {{what: 'start'} | {what: 'frame', frame: object} | {what: 'closed', code?: number | null, jitter: number}
 *   | {what: 'tick'} | {what: 'retry'} | {what: 'identify', identity: Identity} | {what: 'post', post: Post}
 *   | {what: 'older'}} Input
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./protocol.js').ErrorFrame} ErrorFrame
 * @typedef {{do: 'connect'} | {do: 'disconnect'} | {do: 'send', frame: object} | {do: 'reset'}
 *   | {do: 'events', events: Event[]} | {do: 'older', events: Event[], more: boolean}
 *   | {do: 'posted', id: string, seq: number} | {do: 'refused', post: Post, error: ErrorFrame}
 *   | {do: 'named', name: string, claimed: boolean} | {do: 'name_refused', error: ErrorFrame}} Output
 * @typedef {{is: 'idle' | 'live' | 'closing' | 'barred'} | {is: 'waiting' | 'connecting', until: number}} Link
 */

/** First reconnect delay before jitter; it doubles with every failed attempt. */
export const BACKOFF_FIRST_MS = 500;
/** Longest reconnect delay before jitter. */
export const BACKOFF_CAP_MS = 30_000;
/** How long a connection may take until its `welcome`. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Silence after which a `ping` asks whether the server is there. */
export const QUIET_MS = 40_000;
/** How long that `ping` may stay unanswered. */
export const PONG_TIMEOUT_MS = 10_000;
/** Live events held while a gap is being filled; more are dropped and asked for again. */
export const HELD_EVENTS = 1000;

const NOT_ALLOWED = 1008;
const GAP = 'gap';
const OLDER = 'older';
const HELLO = 'hello';
const ABOUT_NAME = new Set(['bad_name', 'bad_secret', 'name_required', 'name_taken']);

/** One client's conversation with a server, over any number of connections. */
export class Follow {
  /** @type {Link} */
  #link = { is: 'idle' };
  #failures = 0;
  #returnWithinMs = null;
  #heardAt = 0;
  #pingedAt = null;
  #holdUntil = 0;

  #timeline = null;
  #cursor = null;
  #oldest = null;
  #head = 0;
  /** @type {Map<number, Event>} events beyond the cursor, by seq */
  #held = new Map();
  #askedGap = false;
  #askedOlder = false;

  #identity;
  /** @type {'unsaid' | 'asked' | 'done' | 'refused'} */
  #hello = 'unsaid';
  #outbox;
  #sending = null;

  #online = 0;
  #limits = LIMITS;
  /** @type {Output[]} */
  #outputs = [];

  /**
   * A client that knows nothing of the timeline yet and has these posts left from before.
   * @param {Identity | null} identity
   * @param {Post[]} outbox
   */
  constructor(identity = null, outbox = []) {
    this.#identity = identity;
    this.#outbox = [...outbox];
  }

  /**
   * Takes in what happened at `now` and gives what is to be done.
   * @param {Input} input
   * @param {number} now
   * @returns {Output[]}
   */
  handle(input, now) {
    switch (input.what) {
      case 'start': this.#connect(now); break;
      case 'frame': this.#onFrame(input.frame, now); break;
      case 'closed': this.#onClosed(input.code ?? null, input.jitter, now); break;
      case 'tick': this.#onTick(now); break;
      case 'retry': this.#onRetry(now); break;
      case 'identify':
        this.#identity = input.identity;
        this.#hello = 'unsaid';
        break;
      case 'post': this.#outbox.push(input.post); break;
      case 'older': this.#askOlder(); break;
      default: throw new TypeError(`no such input: ${input.what}`);
    }
    this.#pump(now);
    return this.#outputs.splice(0);
  }

  /** When a `tick` is due if nothing else happens before; null for never. */
  get deadline() {
    switch (this.#link.is) {
      case 'waiting':
      case 'connecting':
        return this.#link.until;
      case 'live': {
        const silence = this.#pingedAt === null ? this.#heardAt + QUIET_MS : this.#pingedAt + PONG_TIMEOUT_MS;
        return this.#holdUntil > 0 ? Math.min(silence, this.#holdUntil) : silence;
      }
      default:
        return null;
    }
  }

  /** How the connection stands. */
  get link() { return this.#link; }

  /** Posts that are not on the timeline yet, oldest first. */
  get outbox() { return this.#outbox; }

  /** The last event up to which everything was applied; null before the first page. */
  get cursor() { return this.#cursor; }

  /** Whether every event that the server is known to have was applied. */
  get caughtUp() { return this.#cursor !== null && this.#cursor >= this.#head; }

  /** Open connections, as the server last said. */
  get online() { return this.#online; }

  /** The server's limits; the protocol's defaults until it has said them. */
  get limits() { return this.#limits; }

  #connect(now) {
    this.#link = { is: 'connecting', until: now + CONNECT_TIMEOUT_MS };
    this.#outputs.push({ do: 'connect' });
  }

  #disconnect() {
    this.#link = { is: 'closing' };
    this.#outputs.push({ do: 'disconnect' });
  }

  #onTick(now) {
    const { is, until } = this.#link;
    if (is === 'waiting' && now >= until) this.#connect(now);
    else if (is === 'connecting' && now >= until) this.#disconnect();
    else if (is === 'live' && this.#pingedAt !== null) {
      if (now >= this.#pingedAt + PONG_TIMEOUT_MS) this.#disconnect();
    } else if (is === 'live' && now >= this.#heardAt + QUIET_MS) this.#ping(now);
  }

  #onRetry(now) {
    const { is } = this.#link;
    if (is === 'idle' || is === 'waiting' || is === 'barred') this.#connect(now);
    else if (is === 'live' && this.#pingedAt === null) this.#ping(now);
  }

  #onClosed(code, jitter, now) {
    this.#pingedAt = null;
    this.#holdUntil = 0;
    this.#held.clear();
    this.#askedGap = false;
    this.#askedOlder = false;
    this.#hello = 'unsaid';
    this.#sending = null;
    const planned = this.#returnWithinMs;
    this.#returnWithinMs = null;
    if (code === NOT_ALLOWED) {
      this.#link = { is: 'barred' };
      return;
    }
    const delay = planned === null ? backoff(this.#failures, jitter) : scale(planned, jitter);
    this.#failures += 1;
    this.#link = { is: 'waiting', until: now + delay };
  }

  #onFrame(frame, now) {
    if (this.#link.is === 'connecting') {
      // Only a welcome opens the conversation; anything before it is not ours to act on.
      if (frame.type === 'welcome') this.#onWelcome(frame, now);
      return;
    }
    if (this.#link.is !== 'live') return;
    this.#heardAt = now;
    this.#pingedAt = null;
    switch (frame.type) {
      case 'cheep': this.#onLive(frame); break;
      case 'page': this.#onPage(frame); break;
      case 'ack':
        if (frame.id !== undefined) this.#posted(frame.id, frame.seq);
        break;
      case 'hello':
        this.#hello = 'done';
        this.#outputs.push({ do: 'named', name: frame.name, claimed: frame.claimed });
        break;
      case 'error': this.#onError(frame, now); break;
      case 'online':
        this.#online = frame.count;
        this.#head = Math.max(this.#head, frame.head);
        break;
      case 'lagged':
      case 'pong':
        this.#head = Math.max(this.#head, frame.head);
        break;
      case 'goodbye': this.#returnWithinMs = frame.reconnect_after_ms; break;
      case 'who': this.#online = frame.online; break;
      case 'unknown':
        if (frame.seq !== undefined) this.#onLive({ seq: frame.seq });
        break;
      case 'welcome': break;
      default: throw new TypeError(`no such frame: ${frame.type}`);
    }
  }

  #onWelcome(welcome, now) {
    const otherTimeline = this.#timeline !== null && this.#timeline !== welcome.timeline;
    if (otherTimeline || (this.#cursor !== null && this.#cursor > welcome.head)) this.#reset();
    this.#link = { is: 'live' };
    this.#failures = 0;
    this.#heardAt = now;
    this.#timeline = welcome.timeline;
    this.#head = welcome.head;
    this.#online = welcome.online;
    this.#limits = welcome.limits;
  }

  #reset() {
    this.#cursor = null;
    this.#oldest = null;
    this.#head = 0;
    this.#held.clear();
    this.#askedOlder = false;
    this.#outputs.push({ do: 'reset' });
  }

  #onLive(event) {
    this.#head = Math.max(this.#head, event.seq);
    const isNews = this.#cursor === null || event.seq > this.#cursor;
    if (isNews && this.#held.size < HELD_EVENTS) this.#held.set(event.seq, event);
    this.#applyHeld();
  }

  #onPage(page) {
    if (page.id === GAP) this.#onGap(page);
    else if (page.id === OLDER) this.#onOlder(page);
  }

  #onGap(page) {
    this.#askedGap = false;
    if (page.reset) this.#reset();
    // What the server says now counts, so that an answer without events ends the asking.
    this.#head = Math.max(page.head, ...this.#held.keys());
    if (this.#cursor === null) {
      this.#oldest = page.cheeps.length > 0 ? page.cheeps[0].seq : page.head + 1;
      this.#cursor = this.#oldest - 1;
    }
    const events = page.cheeps.filter((event) => this.#takeNext(event));
    for (const seq of this.#held.keys()) {
      if (seq <= this.#cursor) this.#held.delete(seq);
    }
    this.#show(events);
    this.#applyHeld();
  }

  #onOlder(page) {
    this.#askedOlder = false;
    const events = [];
    for (const event of [...page.cheeps].reverse()) {
      if (this.#oldest === null || event.seq !== this.#oldest - 1) continue;
      this.#oldest = event.seq;
      events.push(event);
    }
    this.#outputs.push({ do: 'older', events: events.reverse(), more: page.more });
  }

  #applyHeld() {
    if (this.#cursor === null) return;
    const events = [];
    for (let next; (next = this.#held.get(this.#cursor + 1)) !== undefined;) {
      this.#held.delete(next.seq);
      this.#takeNext(next);
      events.push(next);
    }
    this.#show(events);
  }

  /** Takes an event if it is the one right after the cursor; anything else was applied already or comes again. */
  #takeNext(event) {
    if (event.seq !== this.#cursor + 1) return false;
    this.#cursor = event.seq;
    return true;
  }

  #show(events) {
    if (events.length === 0) return;
    this.#outputs.push({ do: 'events', events });
    if (this.#outbox.length === 0 || this.#identity === null) return;
    // A post of ours that comes back as an event is on the timeline, whether or not its ack got through.
    const ours = foldName(this.#identity.name);
    for (const { id, name, seq } of events) {
      if (id !== undefined && foldName(name) === ours) this.#posted(id, seq);
    }
  }

  #posted(id, seq) {
    if (this.#takeFromOutbox(id)) this.#outputs.push({ do: 'posted', id, seq });
  }

  #takeFromOutbox(id) {
    if (this.#sending === id) this.#sending = null;
    const at = this.#outbox.findIndex((post) => post.id === id);
    return at === -1 ? null : this.#outbox.splice(at, 1)[0];
  }

  #onError(error, now) {
    const { id } = error;
    if (id === undefined) return;
    if (id === GAP) this.#askedGap = false;
    else if (id === OLDER) this.#askedOlder = false;
    else if (id === HELLO) this.#hello = 'unsaid';
    else if (id === this.#sending) this.#sending = null;
    else return;

    if (error.retryable || id === GAP || id === OLDER) {
      this.#holdUntil = now + Math.max(error.retry_after_ms ?? BACKOFF_FIRST_MS, 1);
    } else if (id === HELLO || ABOUT_NAME.has(error.code)) {
      this.#hello = 'refused';
      this.#outputs.push({ do: 'name_refused', error: withoutType(error) });
    } else {
      const post = this.#takeFromOutbox(id);
      if (post) this.#outputs.push({ do: 'refused', post, error: withoutType(error) });
    }
  }

  #ping(now) {
    this.#pingedAt = now;
    this.#send({ id: 'ping', type: 'ping' });
  }

  #askOlder() {
    if (this.#oldest === null || this.#oldest <= 1 || this.#link.is !== 'live' || this.#askedOlder) return;
    this.#askedOlder = true;
    this.#send({ id: OLDER, type: 'history', before: this.#oldest, limit: this.#limits.page });
  }

  /** Asks and sends whatever the state calls for and is not under way. */
  #pump(now) {
    if (this.#link.is !== 'live' || now < this.#holdUntil) return;
    this.#holdUntil = 0;
    if (!this.#askedGap && !this.caughtUp) {
      this.#askedGap = true;
      const range = this.#cursor === null ? {} : { after: this.#cursor };
      this.#send({ id: GAP, type: 'history', ...range, limit: this.#limits.page });
    }
    if (this.#identity === null) return;
    if (this.#hello === 'unsaid') {
      this.#hello = 'asked';
      this.#send({ id: HELLO, type: 'hello', ...this.#identity });
    } else if (this.#hello === 'done' && this.#sending === null && this.#outbox.length > 0) {
      const post = this.#outbox[0];
      this.#sending = post.id;
      this.#send({ type: 'post', ...post });
    }
  }

  #send(frame) {
    this.#outputs.push({ do: 'send', frame });
  }
}

function backoff(failures, jitter) {
  const half = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16), BACKOFF_CAP_MS) / 2;
  return half + scale(half, jitter);
}

function scale(span, jitter) {
  return Math.trunc(span * Math.min(Math.max(jitter, 0), 1));
}

function withoutType({ type, ...error }) {
  return error;
}
