// Posts on their way to the timeline, and the name they go out under: one thing is said at a time.

import { bytesOf, cheepOf, foldName } from './protocol.js';

const HELLO = 'hello';
const ABOUT_NAME = new Set(['bad_name', 'bad_secret', 'name_required', 'name_taken']);

/**
 * @typedef {import('./follow.js').Post} Post
 * @typedef {import('./follow.js').Output} Output
 */

export class Outbox {
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

  /**
   * What to say next; null for nothing. It waits for the answer to what was said before.
   * What makes a frame of more than `frameBytes` is refused here: a server would close the connection over it (1009), again
   * each time that it comes back.
   * @returns {Output | null}
   */
  next(now, frameBytes) {
    if (this.#sendFrom !== null && now < this.#sendFrom) return null;
    this.#sendFrom = null;
    if (this.#identity === null || this.#sending !== null) return null;
    if (this.#hello === 'unsaid') return this.#sayHello(frameBytes);
    return this.#hello === 'done' && this.posts.length > 0 ? this.#sendPost(frameBytes) : null;
  }

  #sayHello(frameBytes) {
    const frame = { id: HELLO, type: 'hello', ...this.#identity };
    const bytes = bytesOf(frame);
    if (bytes > frameBytes) {
      this.#hello = 'refused';
      const message = `This name and its secret take ${bytes} bytes on their way, and this server reads at most ${frameBytes}.`;
      return { do: 'name_refused', error: { id: HELLO, code: 'bad_name', message, retryable: false, field: 'name' } };
    }
    this.#hello = 'asked';
    return { do: 'send', frame };
  }

  #sendPost(frameBytes) {
    const [post] = this.posts;
    const frame = { type: 'post', ...post };
    const bytes = bytesOf(frame);
    if (bytes > frameBytes) {
      this.#take(post.id);
      const message = `This cheep is too long: it takes ${bytes} bytes on its way, and this server reads at most ${frameBytes}.`;
      return { do: 'refused', post, error: { id: post.id, code: 'cheep_too_long', message, retryable: false, field: 'cheep' } };
    }
    this.#sending = post.id;
    return { do: 'send', frame };
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
    const cheeps = events.map(cheepOf).filter((cheep) => cheep && isOurs(cheep));
    return cheeps.flatMap(({ id, seq }) => this.posted(id, seq));
  }

  /** A request was refused; one that may be repeated goes out again at `againAt`. @returns {Output[]} */
  refused(error, againAt) {
    if (error.id !== undefined && error.id === this.#sending) return this.#postRefused(error, againAt);
    return error.id === HELLO ? this.#helloRefused(error, againAt) : [];
  }

  #helloRefused(error, againAt) {
    const was = this.#hello;
    if (was !== 'asked' && was !== 'outdated') return [];
    this.#hello = 'unsaid';
    if (error.retryable) this.#sendFrom = againAt;
    else if (was === 'asked') {
      this.#hello = 'refused';
      return [{ do: 'name_refused', error: withoutType(error) }];
    }
    return [];
  }

  #postRefused(error, againAt) {
    const id = this.#sending;
    this.#sending = null;
    if (error.retryable) {
      this.#sendFrom = againAt;
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

  #take(id) {
    if (this.#sending === id) this.#sending = null;
    const at = this.posts.findIndex((post) => post.id === id);
    return at === -1 ? null : this.posts.splice(at, 1)[0];
  }
}

function withoutType({ type, ...error }) {
  return error;
}
