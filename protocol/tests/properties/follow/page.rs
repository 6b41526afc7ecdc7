//! The page's own client, which is told what another one was told, and has to say and show the same.

/// Replays a script: gives the first step at which something else comes out or is shown, or null.
pub(super) const SCRIPT: &str = r"
import { deepStrictEqual } from 'node:assert/strict';
const { Follow } = await from('follow.js');
const { readServerFrame } = await from('frames.js');
const { EMPTY, reduce } = await from('timeline.js');
const plain = (value) => JSON.parse(JSON.stringify(value));

class Client {
  #follow;
  #timeline;
  #gone = new Set();

  begin({ identity, outbox }) {
    this.#follow = new Follow(identity, outbox);
    this.#timeline = outbox.map((submission) => ({ do: 'submit', submission })).reduce(reduce, EMPTY);
    this.#gone.clear();
  }

  take({ begin, made, fresh, cheeps, part, ...step }, nth) {
    if (begin) this.begin(begin);
    else if (made) deepStrictEqual(plain(this.#follow.refresh(readServerFrame({ type: 'page', ...made }))), fresh && { type: 'page', ...fresh });
    else if (cheeps) this.#shows(cheeps, part);
    else this.#handle(step);
    // Somebody reads further down, or does not: changes are shown all the same.
    if (nth % 5 === 0) this.#timeline = reduce(this.#timeline, { do: nth % 2 === 0 ? 'hold' : 'follow' });
    for (const { seq, cheep, deleted } of this.#timeline.cheeps) {
      if (this.#gone.has(seq)) deepStrictEqual([cheep, deleted !== undefined], ['', true], `${seq} is shown after its end`);
    }
  }

  #handle({ at, in: input, out }) {
    const act = (action) => { this.#timeline = reduce(this.#timeline, action); };
    if (input.what === 'submit') act({ do: 'submit', submission: input.submission });
    if (input.what === 'forgot') {
      const cheeps = this.#timeline.cheeps.filter(({ seq }) => seq > input.up_to);
      this.#timeline = { ...this.#timeline, cheeps, first: input.up_to + 1, isWhole: false };
    }
    const outputs = this.#follow.handle(input.frame ? { ...input, frame: readServerFrame(input.frame) } : input, at);
    deepStrictEqual(plain(outputs), out);
    outputs.forEach(act);
    for (const { events = [] } of outputs) {
      events.filter(({ type }) => type === 'delete').forEach(({ target }) => this.#gone.add(target));
    }
    deepStrictEqual(this.#underWay(), this.#follow.outbox.map(({ id }) => id).sort());
  }

  /** What is shown as under way and has no place yet. */
  #underWay() {
    const { pending, changing } = this.#timeline;
    return [...pending, ...changing].filter(({ seq }) => seq === null).map(({ post, change }) => (post ?? change).id).sort();
  }

  #shows(cheeps, part) {
    const { first, last, cheeps: shown } = this.#timeline;
    deepStrictEqual([plain(shown), [first, last]], [cheeps, part]);
  }
}

function answer(steps) {
  const client = new Client();
  for (const [nth, step] of steps.entries()) {
    try {
      client.take(step, nth);
    } catch (error) {
      return { nth, step, error: String(error.stack) };
    }
  }
  return null;
}
";
