// Writing: what is drafted, what it answers or corrects, what comes back. What it looks like is composer.js.

import { Composer } from './composer.js';
import { LIMITS, cleanCheep, countChars, lendsAccess, parseCheep } from './protocol.js';
import * as storage from './storage.js';

/** Characters over the limit that are still counted one by one. */
const COUNTED_OVER = 999;
/** Refusals of an edit after which there is nothing left to edit. */
const NOTHING_TO_EDIT = new Set(['gone', 'not_found']);

/** @typedef {import('./follow.js').Submission} Submission */
/** @typedef {import('./protocol.js').Cheep} Cheep */

export class Writing {
  #limits = LIMITS;
  #onSubmit;
  #quoted;
  /** The draft that comes back once the edit is done; null while nothing is edited. */
  #waiting = null;

  /**
   * @param {object} to
   * @param {(typed: string) => void} to.onName
   * @param {() => void} to.onRename
   * @param {(submission: Submission) => void} to.onSubmit
   * @param {(seq: number) => Cheep | undefined} to.quoted
   */
  constructor({ onName, onRename, onSubmit, quoted }) {
    this.#onSubmit = onSubmit;
    this.#quoted = quoted;
    this.composer = new Composer({
      onName, onRename, onSend: () => this.#send(), onTyped: () => this.#changed(),
      onNoReply: () => this.reply(null), onNoEdit: () => this.#stopEditing(),
    });
    const { text, replyTo } = storage.loadDraft();
    this.#write({ text, replyTo, target: null });
  }

  set limits(limits) {
    if (limits === this.#limits) return;
    this.#limits = limits;
    this.#showLeft();
  }

  /** What is written answers this cheep; null for none. */
  reply(seq) {
    this.#stopEditing();
    this.#write({ ...this.composer.written, replyTo: seq });
    this.composer.focus();
  }

  /** Corrects a cheep. @param {Cheep} cheep */
  edit({ seq, cheep }) {
    const { target, ...draft } = this.composer.written;
    this.#waiting ??= draft;
    this.#write({ text: cheep, replyTo: null, target: seq });
    this.composer.open();
    this.composer.focus();
  }

  /** The server did not take it: a text comes back. What is being written stays, below what came back. @param {Submission} submission */
  takeBack(submission, { code, message }) {
    const { type, target, cheep, reply_to: replyTo } = submission;
    const { written } = this.composer;
    if (type !== 'post' && type !== 'edit') return;
    if (type === 'post') this.#addToDraft(cheep, replyTo);
    else if (written.target === target) this.#write({ ...written, text: joined(cheep, written.text) });
    else if (!NOTHING_TO_EDIT.has(code)) {
      if (written.target === null) this.edit({ seq: target, cheep });
      else this.#addToDraft(cheep);
    }
    this.composer.showRefusal(message);
  }

  /** A cheep is another than it was. @param {Cheep | undefined} cheep */
  changed(seq, cheep) {
    const { target, replyTo } = this.composer.written;
    if (replyTo === seq) this.composer.showAnswered(cheep);
    if (target !== seq || !cheep?.deleted) return;
    this.#stopEditing();
    // The edit has the text that somebody wanted gone, so it goes as well.
    this.composer.takeAway();
    this.composer.showRefusal('The cheep that you were editing was deleted, with your edit. Go to the field to write another.');
  }

  /** What is answered may be here by now. */
  refresh() {
    const { replyTo } = this.composer.written;
    if (replyTo !== null) this.composer.showAnswered(this.#quoted(replyTo));
  }

  #send() {
    const { text, replyTo, target } = this.composer.written;
    let cheep;
    try {
      cheep = parseCheep(text, this.#limits);
      if (lendsAccess(cheep)) throw new Error('This is a link that lets people in: it is not posted.');
    } catch (refusal) {
      this.composer.showRefusal(refusal.message);
      return;
    }
    const id = storage.randomId();
    if (target !== null) {
      this.#stopEditing();
      if (this.#quoted(target)?.cheep !== cheep) this.#onSubmit({ type: 'edit', id, target, cheep });
      return;
    }
    this.#write({ text: '', replyTo: null, target: null });
    this.#onSubmit({ type: 'post', id, cheep, ...(replyTo !== null && { reply_to: replyTo }) });
  }

  #stopEditing() {
    if (this.#waiting === null) return;
    const draft = this.#waiting;
    this.#waiting = null;
    this.#write({ ...draft, target: null });
  }

  #addToDraft(text, replyTo) {
    const { target, ...draft } = this.composer.written;
    const before = this.#waiting ?? draft;
    const after = { text: joined(text, before.text), replyTo: replyTo ?? before.replyTo };
    if (this.#waiting === null) this.#write({ ...after, target: null });
    else {
      this.#waiting = after;
      this.#changed();
    }
  }

  #write(written) {
    this.composer.written = written;
    this.refresh();
    this.#changed();
  }

  /** An edit is not kept: its text is of a cheep that may be deleted before this page is opened again. */
  #changed() {
    const { text, replyTo } = this.#waiting ?? this.composer.written;
    storage.saveDraft({ text, replyTo });
    this.composer.showRefusal('');
    this.#showLeft();
  }

  #showLeft() {
    const most = this.#limits.cheep_chars;
    this.composer.showLeft(most - countChars(cleanCheep(this.composer.written.text), most + COUNTED_OVER));
  }
}

const joined = (...texts) => texts.filter((text) => text !== '').join('\n');
