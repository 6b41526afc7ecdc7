// What a reader does to a cheep that is there: react, edit, delete. Each is asked for once at a time, and its outcome is told.
// Who changes their mind about a reaction that still waits is heard: what they wanted last is asked for next.

import { askToDelete } from './dialogs.js';
import { Chooser, hasReacted } from './reactions.js';
import { say } from './signals.js';
import { randomId } from './storage.js';
import { isNamed } from './text.js';

/** @typedef {import('./follow.js').Submission} Submission */

const DONE = {
  edit: () => 'Saved',
  delete: () => 'Deleted',
  react: ({ emoji, on }) => (on ? `Reacted with ${emoji}` : `Took ${emoji} back`),
};

export class Changing {
  #chooser = new Chooser();
  #submit;
  #known;
  #who;
  #underWay;
  #redraw;
  /** What is wanted by now instead of a reaction that waits, by its id. @type {Map<string, boolean>} */
  #wishes = new Map();
  /** Why cheeps were not changed, until it is tried again. @type {Map<number, string>} */
  #refusals = new Map();
  /** It grows whenever a refusal or a wish comes or goes. */
  version = 0;

  /**
   * @param {object} to
   * @param {(submission: Submission) => void} to.submit
   * @param {(seq: number) => import('./protocol.js').Cheep | undefined} to.known  a cheep that is shown on the page
   * @param {() => {reader: import('./text.js').Reader | null, isClaimed: boolean}} to.who  who the reader is
   * @param {() => import('./timeline.js').Changing[]} to.underWay
   * @param {() => void} to.redraw
   */
  constructor({ submit, known, who, underWay, redraw }) {
    this.#submit = submit;
    this.#known = known;
    this.#who = who;
    this.#underWay = underWay;
    this.#redraw = redraw;
  }

  /** Whether the reader wrote this cheep, can show it, and it is still there. */
  isOurs(cheep) {
    const { reader, isClaimed } = this.#who();
    return isClaimed && cheep.verified && !cheep.deleted && isNamed(cheep.name, reader);
  }

  /** Lets an emoji be chosen to react with. */
  choose(seq) {
    if (this.#known(seq)?.deleted) return;
    this.#chooser.open((emoji) => this.#react(seq, emoji, true));
  }

  /** Reacts with this, or takes it back. */
  toggle(seq, emoji) {
    const cheep = this.#known(seq);
    if (!cheep) return;
    const asked = this.pendingOf(seq).findLast((change) => change.emoji === emoji);
    this.#react(seq, emoji, !(asked?.on ?? hasReacted(cheep, emoji, this.#who().reader)));
  }

  remove(seq) {
    askToDelete(() => this.#submit({ type: 'delete', id: randomId(), target: seq }));
  }

  /** What the reader wants changed of a cheep and cannot be seen yet, oldest first. @returns {Submission[]} */
  pendingOf(seq) {
    const changes = this.#underWay().map(({ change }) => change).filter(({ target }) => target === seq);
    return changes.map((change) => (this.#wishes.has(change.id) ? { ...change, on: this.#wishes.get(change.id) } : change));
  }

  refusalOf(seq) {
    return this.#refusals.get(seq) ?? '';
  }

  /** What was said of the try before is outdated. @param {Submission} submission */
  tryAgain({ target }) {
    if (this.#refusals.delete(target)) this.version += 1;
  }

  /** The server did it; if something else is wanted by now, that is next. */
  accepted(id) {
    const done = this.#underWay().find(({ change }) => change.id === id);
    if (done) say(DONE[done.change.type](done.change));
    const wish = this.#wishes.get(id);
    this.#wishes.delete(id);
    if (done && wish !== undefined && wish !== done.change.on) {
      const { target, emoji } = done.change;
      this.#submit({ type: 'react', id: randomId(), target, emoji, on: wish });
    }
  }

  /** The server did not do it: that is said beside the cheep. @param {Submission} submission */
  refused({ id, target, type }, sentence) {
    this.#wishes.delete(id);
    if (type !== 'delete' && type !== 'react') return;
    this.#refusals.set(target, sentence);
    this.version += 1;
    say(sentence);
  }

  /** Another timeline has other cheeps. */
  forget() {
    this.#refusals.clear();
    this.#wishes.clear();
    this.version += 1;
  }

  #react(seq, emoji, on) {
    const waiting = this.#underWay().find(({ change, seq: place }) => place === null && change.target === seq && change.emoji === emoji);
    if (waiting) {
      this.#wishes.set(waiting.change.id, on);
      this.version += 1;
      this.#redraw();
    } else this.#submit({ type: 'react', id: randomId(), target: seq, emoji, on });
  }
}
