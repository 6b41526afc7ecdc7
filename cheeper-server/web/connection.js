// The way to the server: socket, timers and chance. What is done and when is decided in follow.js.

import { Follow } from './follow.js';
import { parseServerFrame } from './protocol.js';

/** Close codes that the browser makes up because none came. */
const NO_CODE = new Set([1005, 1006]);

export class Connection {
  #follow = new Follow();
  #url;
  #onChange;
  #onOutput;
  /** @type {WebSocket | null} */
  #socket = null;
  #timer;

  /**
   * @param {object} to
   * @param {string} to.url
   * @param {(follow: Follow) => void} to.onChange  the state changed; nothing was sent yet
   * @param {(output: import('./follow.js').Output) => void} to.onOutput  something to show
   */
  constructor({ url, onChange, onOutput }) {
    this.#url = url;
    this.#onChange = onChange;
    this.#onOutput = onOutput;
  }

  /** Connects, and looks after the connection from now on. */
  start() {
    this.#handle({ what: 'start' });
    const retry = () => this.retry();
    window.addEventListener('online', retry);
    window.addEventListener('pageshow', ({ persisted }) => persisted && retry());
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && retry());
  }

  retry() {
    this.#handle({ what: 'retry' });
  }

  /** @param {import('./follow.js').Identity} identity */
  identify(identity) {
    this.#handle({ what: 'identify', identity });
  }

  /** @param {import('./follow.js').Post} post */
  post(post) {
    this.#handle({ what: 'post', post });
  }

  older() {
    this.#handle({ what: 'older' });
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
        case 'send': this.#socket?.send(JSON.stringify(output.frame)); break;
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
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#socket === socket && this.#receive(data));
    socket.addEventListener('close', ({ code }) => this.#socket === socket && this.#closed(NO_CODE.has(code) ? null : code));
  }

  #giveUp() {
    const socket = this.#socket;
    this.#socket = null;
    // A dead connection would take long to say that it is closed.
    socket?.close();
    queueMicrotask(() => this.#closed(null));
  }

  #closed(code) {
    this.#socket = null;
    this.#handle({ what: 'closed', code, jitter: Math.random() });
  }

  #receive(data) {
    let frame;
    try {
      frame = parseServerFrame(data);
    } catch (error) {
      console.warn('A frame from the server could not be read:', error);
      return;
    }
    this.#handle({ what: 'frame', frame });
  }
}

function now() {
  return Math.floor(performance.now());
}
