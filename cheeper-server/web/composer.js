// The form for a name and the form for a cheep: shows what it is told and tells what is typed. It decides nothing.

import { fillQuote } from './article.js';
import { byId, onSubmit } from './dom.js';

export class Composer {
  #nameForm = byId('name-form');
  #form = byId('composer');
  #text = byId('cheep');
  #replyTo = null;
  #target = null;
  /** What was written was taken away: nothing is written or sent until somebody comes to the field again. */
  #isTakenAway = false;
  /** The cheep that is shown as answered. */
  #answered;

  /**
   * @param {object} tell
   * @param {(name: string) => void} tell.onName
   * @param {() => void} tell.onRename
   * @param {() => void} tell.onSend
   * @param {() => void} tell.onTyped
   * @param {() => void} tell.onNoReply
   * @param {() => void} tell.onNoEdit
   */
  constructor({ onName, onRename, onSend, onTyped, onNoReply, onNoEdit }) {
    onSubmit(this.#nameForm, () => onName(byId('name').value));
    const send = () => this.#isTakenAway || onSend();
    onSubmit(this.#form, send);
    byId('rename').addEventListener('click', onRename);
    byId('no-reply').addEventListener('click', onNoReply);
    byId('no-edit').addEventListener('click', () => {
      onNoEdit();
      this.focus();
    });
    this.#text.addEventListener('input', onTyped);
    this.#text.addEventListener('keydown', (event) => {
      if (event.isComposing || event.repeat) return;
      if (event.key === 'Escape' && this.#target !== null) {
        // The field is not left by the same key.
        event.stopPropagation();
        onNoEdit();
      } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        send();
      }
    });
    for (const coming of ['pointerdown', 'focus']) this.#text.addEventListener(coming, () => this.#takeAway(false));
  }

  /** Somebody may be in the middle of a word that belongs to nothing any more: it becomes no part of what stands there now. */
  takeAway() {
    this.#takeAway(true);
  }

  #takeAway(isTakenAway) {
    this.#isTakenAway = isTakenAway;
    this.#text.readOnly = isTakenAway;
    byId('send').disabled = isTakenAway;
  }

  /** Asks for a name. */
  askName(name = '') {
    this.#form.hidden = true;
    this.#nameForm.hidden = false;
    byId('name').value = name;
    byId('name').focus({ preventScroll: true });
    byId('name').select();
    this.showNameRefusal('');
  }

  /** @param {string} sentence  why the name cannot be used; empty for nothing */
  showNameRefusal(sentence) {
    byId('name-refusal').textContent = sentence;
    byId('name').setAttribute('aria-invalid', String(sentence !== ''));
  }

  /** Shows who cheeps here. */
  showName(name, isVerified) {
    byId('me').textContent = name;
    byId('me-verified').hidden = !isVerified;
  }

  /** Lets cheeps be written, under the name that is known. */
  open() {
    this.#nameForm.hidden = true;
    this.#form.hidden = false;
  }

  /** The field that is to be filled in next. */
  focus() {
    this.#takeAway(false);
    (this.#form.hidden ? byId('name') : this.#text).focus({ preventScroll: true });
  }

  /** What stands in the field, and the cheeps that it answers and that it corrects; null for none. */
  get written() {
    return { text: this.#text.value, replyTo: this.#replyTo, target: this.#target };
  }

  set written({ text, replyTo, target }) {
    if (this.#text.value !== text) this.#text.value = text;
    this.#replyTo = replyTo;
    this.#target = target;
    byId('reply').hidden = replyTo === null;
    this.showAnswered(undefined);
    byId('editing').hidden = target === null;
    byId('send').textContent = target === null ? 'Cheep' : 'Save';
  }

  /** Shows what is answered, once it is here. @param {import('./protocol.js').Cheep | undefined} cheep */
  showAnswered(cheep) {
    if (cheep === this.#answered) return;
    this.#answered = cheep;
    fillQuote(byId('reply-to'), cheep);
  }

  /** @param {string} sentence  why a cheep was not taken; empty for nothing */
  showRefusal(sentence) {
    byId('refusal').textContent = sentence;
  }

  /** @param {number} left  characters left; below 0 there are too many */
  showLeft(left) {
    byId('left').textContent = String(left).replace('-', '−');
    byId('left').classList.toggle('over', left < 0);
    this.#text.setAttribute('aria-invalid', String(left < 0));
  }
}
