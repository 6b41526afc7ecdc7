// The way to the server: socket, timers and chance. What is done and when is decided in follow.js.

import { askSession } from './entrance.js';
import { Follow } from './follow.js';
import { parseServerFrame } from './frames.js';

/** Close codes that the browser makes up because none came. */
const NO_CODE = new Set([1005, 1006]);
/** What the server answers whom it does not let in, and the close that says the same. */
const NOT_LET_IN = new Set([401, 403, 421]);
const NOT_ALLOWED = 1008;
/** Newest events that the first handshake asks for: more than a screen holds. */
const FIRST_EVENTS = 50;
/** How often the clock is looked at, and a step of it that means that the machine slept. */
const WATCH_MS = 5000;
const SLEPT_MS = 15_000;

/** @typedef {import('./protocol.js').Page} Page */

export class Connection {
  #follow = new Follow();
  #url;
  #onChange;
  #onOutput;
  #onFailed;
  /** @type {WebSocket | null} */
  #socket = null;
  #timer;
  /** @type {{id: string | null} | null}  the question in the handshake, and the id it was to have */
  #opening = null;
  /** @type {Map<string, {question: object, resolve: (page: Page) => void, reject: (error: Error) => void}>} */
  #looks = new Map();
  #lookCount = 0;

  /**
   * @param {object} to
   * @param {string} to.url
   * @param {(follow: Follow) => void} to.onChange  the state changed; nothing was sent yet
   * @param {(output: import('./follow.js').Output) => void} to.onOutput  something to show
   * @param {(answer: {status: number, message?: string}) => void} to.onFailed  a handshake failed, and the server says this
   */
  constructor({ url, onChange, onOutput, onFailed }) {
    this.#url = url;
    this.#onChange = onChange;
    this.#onOutput = onOutput;
    this.#onFailed = onFailed;
  }

  /** Connects, and looks after the connection from now on. */
  start() {
    this.#handle({ what: 'start' });
    const woke = () => this.#handle({ what: 'woke' });
    window.addEventListener('online', woke);
    // A line that is gone shows by the ping that this sends.
    window.addEventListener('offline', woke);
    window.addEventListener('pageshow', ({ persisted }) => persisted && woke());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && woke());
    let watchedAt = Date.now();
    setInterval(() => {
      const slept = Date.now() - watchedAt > SLEPT_MS;
      watchedAt = Date.now();
      if (slept && document.visibilityState === 'visible') woke();
    }, WATCH_MS);
  }

  /** A person wants it now. */
  retry() {
    this.#handle({ what: 'retry' });
  }

  /** Comes in anew: the browser has another session by now. */
  reenter() {
    const socket = this.#socket;
    if (socket) {
      this.#closed(null);
      socket.close();
    }
    this.retry();
  }

  /** @param {import('./follow.js').Identity} identity */
  identify(identity) {
    this.#handle({ what: 'identify', identity });
  }

  /** @param {import('./follow.js').Submission} submission */
  submit(submission) {
    this.#handle({ what: 'submit', submission });
  }

  older() {
    this.#handle({ what: 'older' });
  }

  /** What was before this seq is kept no longer. */
  forget(before) {
    this.#handle({ what: 'forgot', up_to: before - 1 });
  }

  /**
   * Asks for something only to look at it: what is followed does not change. The page that answers is as new as what is followed
   * by then: `history` with `after`, `before` or `around`, a `thread`, a `search`.
   * @param {{type?: 'history' | 'thread' | 'search', [field: string]: unknown}} question
   * @returns {Promise<Page>}
   */
  look(question) {
    return new Promise((resolve, reject) => {
      if (this.#follow.link.is === 'live') this.#ask({ question: { type: 'history', ...question }, resolve, reject });
      else reject(new LookError('There is no connection: try again later.', true));
    });
  }

  #ask(look) {
    this.#lookCount += 1;
    const id = `look-${this.#lookCount}`;
    this.#looks.set(id, look);
    this.#socket.send(JSON.stringify({ id, ...look.question }));
  }

  /** How long until the next attempt, in ms; 0 if none is waited for. */
  get waitMs() {
    const { is, until } = this.#follow.link;
    return is === 'waiting' ? Math.max(until - now(), 0) : 0;
  }

  #handle(input) {
    const outputs = this.#follow.handle(input, now());
    this.#onChange(this.#follow);
    for (const output of outputs) {
      switch (output.do) {
        case 'connect': this.#open(); break;
        case 'disconnect': this.#giveUp(); break;
        case 'send': this.#send(output.frame); break;
        default: this.#onOutput(output);
      }
    }
    this.#setTimer();
  }

  #setTimer() {
    clearTimeout(this.#timer);
    const { deadline } = this.#follow;
    if (deadline !== null) this.#timer = setTimeout(() => this.#handle({ what: 'tick' }), Math.max(deadline - now(), 0));
  }

  #open() {
    // The question for the newest events goes along with the handshake: its answer is here a round trip sooner.
    this.#opening = this.#follow.cursor === null ? { id: null } : null;
    const socket = new WebSocket(this.#opening ? `${this.#url}?last=${FIRST_EVENTS}` : this.#url);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#socket === socket && this.#receive(data));
    socket.addEventListener('close', ({ code }) => this.#socket === socket && this.#ended(socket, NO_CODE.has(code) ? null : code));
  }

  #send(frame) {
    if (this.#opening?.id === null && isForNewest(frame)) this.#opening.id = frame.id;
    else this.#socket?.send(JSON.stringify(frame));
  }

  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    // A dead connection would take long to say that it is closed.
    socket?.close();
    queueMicrotask(() => this.#closed(null));
  }

  /** A browser does not say why a handshake failed: the server tells who asks it. */
  async #ended(socket, code) {
    let why = code;
    if (code === null && this.#follow.link.is === 'connecting') {
      const answer = await askSession();
      if (this.#socket !== socket) return;
      if (NOT_LET_IN.has(answer?.status)) why = NOT_ALLOWED;
      if (why === NOT_ALLOWED || answer?.status === 200) this.#onFailed(answer);
    }
    this.#closed(why);
  }

  #closed(code) {
    this.#socket = null;
    for (const { reject } of this.#looks.values()) reject(new LookError('The connection was lost.', true));
    this.#looks.clear();
    this.#handle({ what: 'closed', code, jitter: Math.random() });
  }

  #receive(data) {
    let frame;
    try {
      frame = parseServerFrame(data);
    } catch (error) {
      console.warn('A frame could not be read:', error);
      return;
    }
    if (frame.id === undefined && this.#opening?.id && (frame.type === 'page' || frame.type === 'error')) {
      frame.id = this.#opening.id;
      this.#opening = null;
    }
    this.#answer(frame);
    this.#handle({ what: 'frame', frame });
  }

  /** Gives an answer to who asked for it, brought up to date; one that is too old for that is asked for again. */
  #answer(frame) {
    const look = this.#looks.get(frame.id);
    // The id of a request of ours is not secret: an event may have the same.
    if (!look || (frame.type !== 'page' && frame.type !== 'error')) return;
    this.#looks.delete(frame.id);
    const page = frame.type === 'page' ? this.#follow.refresh(frame) : null;
    if (page) look.resolve(page);
    else if (frame.type === 'page') this.#ask(look);
    else look.reject(new LookError(frame.message, frame.retryable));
  }
}

/** Why there is no answer to a question, in a sentence. */
class LookError extends Error {
  /** @param {string} message @param {boolean} retryable  the same question may have an answer later */
  constructor(message, retryable) {
    super(message);
    this.retryable = retryable;
  }
}

function isForNewest({ type, before, after, around }) {
  return type === 'history' && before === undefined && after === undefined && around === undefined;
}

function now() {
  return Math.floor(performance.now());
}
