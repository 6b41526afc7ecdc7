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

/** How long to wait with a request that was refused for now, where the refusal says no time. */
export const RETRY_MS = 2000;

const NOT_ALLOWED = 1008;
const GAP = 'gap';
const OLDER = 'older';
const HELLO = 'hello';
const ABOUT_NAME = new Set(['bad_name', 'bad_secret', 'name_required', 'name_taken']);

/** When to come back after a connection ended. */
class Backoff {
  #failures = 0;
  #returnWithinMs = null;

  /** Only a `welcome` shows that the server can be used again; an open socket does not. */
  welcomed() {
    this.#failures = 0;
    this.#returnWithinMs = null;
  }

  goodbye(returnWithinMs) { this.#returnWithinMs = returnWithinMs; }

  nextDelay(jitter) {
    const failures = this.#failures;
    this.#failures += 1;
    const planned = this.#returnWithinMs;
    this.#returnWithinMs = null;
    if (planned !== null) return scale(planned, jitter);
    const half = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(failures, 16), BACKOFF_CAP_MS) / 2;
    return half + scale(half, jitter);
  }
}

/** What of the timeline was applied, what is held back until a gap is filled, and what is to be asked for. */
class Timeline {
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

/** Posts on their way to the timeline, and the name they go out under: one thing is said at a time. */
class Outbox {
  /** @type {Post[]} */
  posts;
  #identity;
  /** `outdated`: asked, but for a name that is not ours any more. @type {'unsaid' | 'asked' | 'outdated' | 'done' | 'refused'} */
  #hello = 'unsaid';
  #sending = null;
  #sendFrom = null;

  constructor(identity, posts) {
    this.#identity = identity;
    this.posts = [...posts];
  }

  get deadline() { return this.#sendFrom; }

  identify(identity) {
    this.#identity = identity;
    this.#hello = this.#hello === 'asked' || this.#hello === 'outdated' ? 'outdated' : 'unsaid';
  }

  /** The connection ended: what was on its way goes out again under the same id, which makes that safe. */
  lost() {
    this.#hello = 'unsaid';
    this.#sending = null;
  }

  /** What to say next; null for nothing. It waits for the answer to what was said before. */
  nextRequest(now) {
    if (this.#sendFrom !== null && now < this.#sendFrom) return null;
    this.#sendFrom = null;
    if (this.#identity === null || this.#sending !== null) return null;
    if (this.#hello === 'unsaid') {
      this.#hello = 'asked';
      return { id: HELLO, type: 'hello', ...this.#identity };
    }
    if (this.#hello !== 'done' || this.posts.length === 0) return null;
    this.#sending = this.posts[0].id;
    return { type: 'post', ...this.posts[0] };
  }

  /** The server knows us by this name. @returns {Output[]} */
  named(name, claimed) {
    const was = this.#hello;
    if (was === 'asked') this.#hello = 'done';
    else if (was === 'outdated') this.#hello = 'unsaid';
    return was === 'asked' ? [{ do: 'named', name, claimed }] : [];
  }

  /** A post is on the timeline; it counts once, however often that is said. @returns {Output[]} */
  posted(id, seq) { return this.#take(id) ? [{ do: 'posted', id, seq }] : []; }

  /** Posts of ours among events: they are on the timeline, whether or not their acks got through. @returns {Output[]} */
  seen(events) {
    if (this.#identity === null || this.posts.length === 0) return [];
    const ours = foldName(this.#identity.name);
    const isOurs = ({ id, name }) => this.posts.some((post) => post.id === id) && foldName(name) === ours;
    return events.filter(isOurs).flatMap(({ id, seq }) => this.posted(id, seq));
  }

  /** A request was refused. @returns {Output[]} */
  refused(error, now) {
    if (error.id !== undefined && error.id === this.#sending) return this.#postRefused(error, now);
    return error.id === HELLO ? this.#helloRefused(error, now) : [];
  }

  #helloRefused(error, now) {
    const was = this.#hello;
    if (was !== 'asked' && was !== 'outdated') return [];
    this.#hello = 'unsaid';
    if (error.retryable) this.#wait(error, now);
    else if (was === 'asked') {
      this.#hello = 'refused';
      return [{ do: 'name_refused', error: withoutType(error) }];
    }
    return [];
  }

  #postRefused(error, now) {
    const id = this.#sending;
    this.#sending = null;
    if (error.retryable) {
      this.#wait(error, now);
      return [];
    }
    if (ABOUT_NAME.has(error.code)) {
      // The post is all right. It waits for another name, or goes out under the one given meanwhile.
      if (this.#hello !== 'done') return [];
      this.#hello = 'refused';
      return [{ do: 'name_refused', error: withoutType(error) }];
    }
    const post = this.#take(id);
    return post ? [{ do: 'refused', post, error: withoutType(error) }] : [];
  }

  #wait(error, now) { this.#sendFrom = now + (error.retry_after_ms ?? RETRY_MS); }

  #take(id) {
    if (this.#sending === id) this.#sending = null;
    const at = this.posts.findIndex((post) => post.id === id);
    return at === -1 ? null : this.posts.splice(at, 1)[0];
  }
}

/** One client's conversation with a server, over any number of connections. */
export class Follow {
  /** @type {Link} */
  #link = { is: 'idle' };
  #backoff = new Backoff();
  #heardAt = 0;
  #pingedAt = null;
  #timeline = new Timeline();
  #outbox;
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
    this.#outbox = new Outbox(identity, outbox);
  }

  /**
   * Takes in what happened at `now` and gives what is to be done.
   * @param {Input} input
   * @param {number} now
   * @returns {Output[]}
   */
  handle(input, now) {
    switch (input.what) {
      case 'start':
        if (this.#link.is === 'idle') this.#connect(now);
        break;
      case 'frame': this.#onFrame(input.frame, now); break;
      case 'closed': this.#onClosed(input.code ?? null, input.jitter, now); break;
      case 'tick': this.#onTick(now); break;
      case 'retry': this.#onRetry(now); break;
      case 'identify': this.#outbox.identify(input.identity); break;
      case 'post': this.#outbox.posts.push(input.post); break;
      case 'older': this.#timeline.wantOlder(); break;
      default: throw new TypeError(`no such input: ${input.what}`);
    }
    this.#sendWhatIsDue(now);
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
        const waits = [silence, this.#timeline.deadline, this.#outbox.deadline];
        return Math.min(...waits.filter((at) => at !== null));
      }
      default:
        return null;
    }
  }

  /** How the connection stands. */
  get link() { return this.#link; }

  /** Posts that are not on the timeline yet, oldest first. */
  get outbox() { return this.#outbox.posts; }

  /** The last event up to which everything was applied; null before the first page. */
  get cursor() { return this.#timeline.cursor; }

  /** Whether every event that the server is known to have was applied. */
  get caughtUp() { return this.#timeline.caughtUp; }

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
    if (!['connecting', 'live', 'closing'].includes(this.#link.is)) return;
    this.#pingedAt = null;
    this.#timeline.lost();
    this.#outbox.lost();
    const delay = this.#backoff.nextDelay(jitter);
    this.#link = code === NOT_ALLOWED ? { is: 'barred' } : { is: 'waiting', until: now + delay };
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
      case 'cheep': this.#show(this.#timeline.live(frame)); break;
      case 'page': this.#onPage(frame, now); break;
      case 'ack':
        if (frame.id !== undefined) this.#outputs.push(...this.#outbox.posted(frame.id, frame.seq));
        break;
      case 'hello': this.#outputs.push(...this.#outbox.named(frame.name, frame.claimed)); break;
      case 'error':
        this.#timeline.refused(frame.id, now + (frame.retry_after_ms ?? RETRY_MS));
        this.#outputs.push(...this.#outbox.refused(frame, now));
        break;
      case 'online':
        this.#online = frame.count;
        this.#timeline.headIs(frame.head);
        break;
      case 'lagged':
      case 'pong':
        this.#timeline.headIs(frame.head);
        break;
      case 'goodbye': this.#backoff.goodbye(frame.reconnect_after_ms); break;
      case 'who': this.#online = frame.online; break;
      case 'unknown':
        if (frame.seq !== undefined) this.#show(this.#timeline.live({ seq: frame.seq }));
        break;
      case 'welcome': break;
      default: throw new TypeError(`no such frame: ${frame.type}`);
    }
  }

  #onWelcome(welcome, now) {
    this.#link = { is: 'live' };
    this.#heardAt = now;
    this.#backoff.welcomed();
    this.#online = welcome.online;
    this.#limits = welcome.limits;
    if (this.#timeline.welcomed(welcome.timeline, welcome.head)) this.#outputs.push({ do: 'reset' });
  }

  #onPage(page, now) {
    const turned = this.#timeline.page(page, now);
    if (turned?.older) this.#outputs.push({ do: 'older', events: turned.older, more: turned.more });
    if (turned?.reset) this.#outputs.push({ do: 'reset' });
    if (turned?.events) this.#show(turned.events);
  }

  #show(events) {
    if (events.length > 0) this.#outputs.push({ do: 'events', events }, ...this.#outbox.seen(events));
  }

  #ping(now) {
    this.#pingedAt = now;
    this.#send({ id: 'ping', type: 'ping' });
  }

  #sendWhatIsDue(now) {
    if (this.#link.is !== 'live') return;
    for (let asked; (asked = this.#timeline.nextQuestion(now)) !== null;) {
      this.#send({ ...asked, type: 'history', limit: this.#limits.page });
    }
    const request = this.#outbox.nextRequest(now);
    if (request !== null) this.#send(request);
  }

  #send(frame) {
    this.#outputs.push({ do: 'send', frame });
  }
}

function scale(span, jitter) {
  return Math.trunc(span * Math.min(Math.max(jitter, 0), 1));
}

function withoutType({ type, ...error }) {
  return error;
}
