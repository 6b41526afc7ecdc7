// What a client does to miss nothing and to have everything done once, as `cheeper_protocol::follow` does it.
// It opens no socket and reads no clock: inputs go in with the time, outputs are taken out, `deadline` says when to come again.

import { Outbox } from './follow-outbox.js';
import { RETRY_MS, Timeline } from './follow-timeline.js';
import { LIMITS } from './protocol.js';

/**
 * Moments and spans are in milliseconds.
 * @typedef {{type: 'post', id: string, cheep: string, reply_to?: number}
 *   | {type: 'edit', id: string, target: number, cheep: string} | {type: 'delete', id: string, target: number}
 *   | {type: 'react', id: string, target: number, emoji: string, on: boolean}} Submission  The frame that asks for it; its `id`
 *   is the idempotency key.
 * @typedef {{name: string, secret?: string}} Identity
 * @typedef {{what: 'start'} | {what: 'frame', frame: object} | {what: 'closed', code?: number | null, jitter: number}
 *   | {what: 'tick'} | {what: 'retry'} | {what: 'woke'} | {what: 'identify', identity: Identity} | {what: 'submit',
 *   submission: Submission} | {what: 'older'} | {what: 'forgot', up_to: number}} Input
 * @typedef {import('./protocol.js').Event} Event
 * @typedef {import('./protocol.js').ErrorFrame} ErrorFrame
 * @typedef {{do: 'connect'} | {do: 'disconnect'} | {do: 'send', frame: object} | {do: 'reset'}
 *   | {do: 'events', events: Event[], from: number, to: number}
 *   | {do: 'older', events: Event[], from: number, to: number, more: boolean}
 *   | {do: 'accepted', id: string, seq: number} | {do: 'refused', submission: Submission, error: ErrorFrame}
 *   | {do: 'named', name: string, claimed: boolean} | {do: 'name_refused', error: ErrorFrame}} Output
 *   Events are all there is of the seqs `from` to `to`.
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

const NOT_ALLOWED = 1008;

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

/** One client's conversation with a server, over any number of connections. */
export class Follow {
  /** @type {Link} */
  #link = { is: 'idle' };
  #backoff = new Backoff();
  #heardAt = 0;
  #pingedAt = null;
  #timeline = new Timeline();
  /** Up to which events were given out. */
  #shownTo = null;
  #outbox;
  #online = 0;
  #limits = LIMITS;
  #role = null;
  /** @type {Output[]} */
  #outputs = [];

  /**
   * A client that knows nothing of the timeline yet and has these submissions left from before.
   * @param {Identity | null} identity
   * @param {Submission[]} outbox
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
      case 'woke':
        // Only a person asks a server again that does not want us.
        if (this.#link.is !== 'barred') this.#onRetry(now);
        break;
      case 'identify': this.#outbox.identify(input.identity); break;
      case 'submit': this.#outbox.submissions.push(input.submission); break;
      case 'older': this.#timeline.wantOlder(); break;
      case 'forgot': this.#timeline.forgot(input.up_to); break;
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

  /** What is not done yet, oldest first. */
  get outbox() { return this.#outbox.submissions; }

  /** The last event up to which everything was applied; null before the first page. */
  get cursor() { return this.#timeline.cursor; }

  /** Which timeline this is; null before the first welcome. */
  get timelineId() { return this.#timeline.id; }

  /** Whether every event that the server is known to have was applied. */
  get caughtUp() { return this.#timeline.caughtUp; }

  /**
   * Brings what was asked for beside the timeline (a thread, a search, a quoted cheep) up to date with the changes that came
   * since it was made; null if it is too old for that, and has to be asked for again.
   * @param {import('./protocol.js').Page} page
   */
  refresh(page) { return this.#timeline.recent.refresh(page); }

  /** Open connections, as the server last said. */
  get online() { return this.#online; }

  /** The server's limits; the protocol's defaults until it has said them. */
  get limits() { return this.#limits; }

  /** What one may do here, as the server last said: `reader`, `member` or `host`; null before the first welcome. */
  get role() { return this.#role; }

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
      case 'cheep':
      case 'edit':
      case 'delete':
      case 'reaction':
      case 'void':
        this.#onEvent(frame);
        break;
      case 'page': this.#onPage(frame, now); break;
      case 'ack':
        if (frame.id !== undefined) this.#outputs.push(...this.#outbox.accepted(frame.id, frame.seq));
        break;
      case 'hello': this.#outputs.push(...this.#outbox.named(frame.name, frame.claimed)); break;
      case 'error':
        this.#onError(frame, now + (frame.retry_after_ms ?? RETRY_MS));
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
        if (frame.seq !== undefined) this.#onEvent(frame);
        break;
      case 'welcome': break;
      default: throw new TypeError(`no such frame: ${frame.type}`);
    }
  }

  #onEvent(event) {
    this.#show(this.#timeline.live(event));
  }

  #onWelcome(welcome, now) {
    this.#link = { is: 'live' };
    this.#heardAt = now;
    this.#backoff.welcomed();
    this.#online = welcome.online;
    this.#limits = welcome.limits;
    this.#role = welcome.role;
    if (this.#timeline.welcomed(welcome.timeline, welcome.head)) this.#reset();
  }

  #reset() {
    this.#shownTo = null;
    this.#outputs.push({ do: 'reset' });
  }

  #onError(error, againAt) {
    this.#timeline.refused(error.id, againAt);
    this.#outputs.push(...this.#outbox.refused(error, againAt));
  }

  #onPage(page, now) {
    const turned = this.#timeline.page(page, now);
    if (turned?.older) this.#outputs.push({ do: 'older', ...turned.older });
    if (turned?.reset) this.#reset();
    if (turned?.events) this.#show(turned.events);
  }

  #show(events) {
    const { cursor: to, oldest } = this.#timeline;
    const from = this.#shownTo === null ? oldest : this.#shownTo + 1;
    // With nothing to show, a page can speak for a part of its own all the same.
    if (to === null || to < from) return;
    this.#shownTo = to;
    this.#outputs.push({ do: 'events', events, from, to }, ...this.#outbox.seen(events));
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
    for (let output; (output = this.#outbox.next(now, this.#limits.frame_bytes)) !== null;) this.#outputs.push(output);
  }

  #send(frame) {
    this.#outputs.push({ do: 'send', frame });
  }
}

function scale(span, jitter) {
  return Math.trunc(span * Math.min(Math.max(jitter, 0), 1));
}
