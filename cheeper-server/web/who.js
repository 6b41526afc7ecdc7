// Who the reader is: the name that was chosen, and what the server says of it.

import { parseName } from './protocol.js';
import * as storage from './storage.js';
import { readerNamed } from './text.js';

export class Who {
  /** @type {import('./follow.js').Identity | null} */
  identity = storage.loadIdentity();
  /** @type {import('./text.js').Reader | null} */
  reader = null;
  /** The name is the reader's own: what was written under it can be changed. */
  isClaimed = false;
  #isRefused = false;
  #composer;
  #identify;

  /**
   * @param {import('./composer.js').Composer} composer
   * @param {(identity: import('./follow.js').Identity) => void} identify  tells the server
   */
  constructor(composer, identify) {
    this.#composer = composer;
    this.#identify = identify;
    if (this.identity) this.#use(this.identity);
    else this.ask();
    storage.onIdentityChange((identity) => this.#use(identity));
  }

  get name() {
    return this.identity?.name ?? '';
  }

  /** Asks for a name. */
  ask() {
    this.#composer.askName(this.name);
  }

  /** Somebody typed one. */
  choose(typed) {
    try {
      this.#use(storage.saveName(parseName(typed.trim())));
      this.#composer.focus();
    } catch (refusal) {
      this.#composer.showNameRefusal(refusal.message);
    }
  }

  /** Somebody brought one along from another device. @param {import('./follow.js').Identity} identity */
  take(identity) {
    storage.saveIdentity(identity);
    this.#use(identity);
  }

  /** The server knows the reader by this name. */
  named({ name, claimed }) {
    this.#composer.showName(name, claimed);
    this.isClaimed = claimed;
    // A form that the reader opened stays open.
    if (this.#isRefused) this.#composer.open();
    this.#isRefused = false;
  }

  /** @param {import('./protocol.js').ErrorFrame} error */
  refused({ message }) {
    // After each reconnect it is refused again: what is being typed by then stays.
    if (!this.#isRefused) this.ask();
    this.#isRefused = true;
    this.isClaimed = false;
    this.#composer.showNameRefusal(message);
  }

  #use(identity) {
    this.identity = identity;
    this.reader = readerNamed(identity.name);
    this.#isRefused = false;
    this.isClaimed = false;
    this.#composer.showName(identity.name, false);
    this.#composer.open();
    this.#identify(identity);
  }
}
