// What is on its way to the timeline, and the name it goes out under: one thing is said at a time.

import { bytesOf, foldName } from './protocol.js';

const HELLO = 'hello';
const ABOUT_NAME = new Set(['bad_name', 'bad_secret', 'name_required', 'name_taken']);

/**
 * @typedef {import('./follow.js').Submission} Submission
 * @typedef {import('./follow.js').Output} Output
 */

const isText = (value) => typeof value === 'string';
const isSeq = Number.isSafeInteger;
/** What each kind cannot be without, beside its id. */
const NEEDS = {
  post: ({ cheep }) => isText(cheep),
  edit: ({ target, cheep }) => isSeq(target) && isText(cheep),
  delete: ({ target }) => isSeq(target),
  react: ({ target, emoji, on }) => isSeq(target) && isText(emoji) && typeof on === 'boolean',
};

/**
 * Reads what was kept. Without a `type` it is a post: there was nothing else once, and what browsers keep outlives pages.
 * @returns {Submission | null}
 */
export function readSubmission(kept) {
  const submission = { type: 'post', ...kept };
  const isWhole = isText(submission.id) && Object.hasOwn(NEEDS, submission.type) && NEEDS[submission.type](submission);
  return isWhole ? submission : null;
}

export class Outbox {
  /** @type {Submission[]} */
  submissions;
  #identity;
  /** `outdated`: asked, but for a name that is not ours any more. @type {'unsaid' | 'asked' | 'outdated' | 'done' | 'refused'} */
  #hello = 'unsaid';
  #sending = null;
  #sendFrom = null;

  constructor(identity, submissions) {
    this.#identity = identity;
    this.submissions = [...submissions];
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
    return this.#hello === 'done' && this.submissions.length > 0 ? this.#submit(frameBytes) : null;
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

  #submit(frameBytes) {
    const [submission] = this.submissions;
    const bytes = bytesOf(submission);
    if (bytes > frameBytes) {
      this.#take(submission.id);
      return { do: 'refused', submission, error: tooLong(submission, `it takes ${bytes} bytes on its way, and this server reads at most ${frameBytes}.`) };
    }
    this.#sending = submission.id;
    return { do: 'send', frame: submission };
  }

  /** The server knows us by this name. @returns {Output[]} */
  named(name, claimed) {
    const was = this.#hello;
    if (was === 'asked') this.#hello = 'done';
    else if (was === 'outdated') this.#hello = 'unsaid';
    return was === 'asked' ? [{ do: 'named', name, claimed }] : [];
  }

  /** A submission is done; it counts once, however often that is said. @returns {Output[]} */
  accepted(id, seq) { return this.#take(id) ? [{ do: 'accepted', id, seq }] : []; }

  /** What came of submissions of ours, among events: they are done, whether or not their acks got through. @returns {Output[]} */
  seen(events) {
    if (this.#identity === null || this.submissions.length === 0) return [];
    const ours = foldName(this.#identity.name);
    return events.flatMap((event) => {
      const done = this.submissions.find((submission) => isDone(submission, event, ours));
      return done ? this.accepted(done.id, event.seq) : [];
    });
  }

  /** A request was refused; one that may be repeated goes out again at `againAt`. @returns {Output[]} */
  refused(error, againAt) {
    if (error.id !== undefined && error.id === this.#sending) return this.#submissionRefused(error, againAt);
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

  #submissionRefused(error, againAt) {
    const id = this.#sending;
    this.#sending = null;
    if (error.retryable) {
      this.#sendFrom = againAt;
      return [];
    }
    if (ABOUT_NAME.has(error.code)) {
      // What was to be done is all right. It waits for another name, or goes out under the one given meanwhile.
      if (this.#hello !== 'done') return [];
      this.#hello = 'refused';
      return [{ do: 'name_refused', error: withoutType(error) }];
    }
    const submission = this.#take(id);
    return submission ? [{ do: 'refused', submission, error: withoutType(error) }] : [];
  }

  #take(id) {
    if (this.#sending === id) this.#sending = null;
    const at = this.submissions.findIndex((submission) => submission.id === id);
    return at === -1 ? null : this.submissions.splice(at, 1)[0];
  }
}

/** The event that each kind of submission becomes. */
const BECOMES = { post: 'cheep', edit: 'edit', delete: 'delete', react: 'reaction' };

/**
 * Whether this event is what came of a submission. Others may give the same id to what they do: a cheep and a reaction are ours
 * by their name, and what changes a cheep of ours is ours by its target.
 */
function isDone({ type, id, target }, event, ours) {
  if (event.id !== id || event.type !== BECOMES[type] || event.target !== target) return false;
  return event.name === undefined || foldName(event.name) === ours;
}

function tooLong({ id, type }, takes) {
  if (type === 'post' || type === 'edit') return { id, code: 'cheep_too_long', message: `This cheep is too long: ${takes}`, retryable: false, field: 'cheep' };
  return { id, code: 'bad_field', message: `This cannot be sent: ${takes}`, retryable: false };
}

function withoutType({ type, ...error }) {
  return error;
}
