// The form for a name and the form for a cheep: shows what it is told and tells what is typed. It decides nothing.

import { fillQuote } from './article.js';
import { byId, onSubmit } from './dom.js';

export class Composer {
  #nameForm = byId('name-form');
  #form = byId('composer');
  #text = byId('cheep');
  #replyTo = null;
  #isAnswerShown = true;

  /**
   * @param {object} tell
   * @param {(name: string) => void} tell.onName
   * @param {() => void} tell.onRename
   * @param {() => void} tell.onCheep
   * @param {() => void} tell.onDraft
   */
  constructor({ onName, onRename, onCheep, onDraft }) {
    onSubmit(this.#nameForm, () => onName(byId('name').value));
    onSubmit(this.#form, onCheep);
    byId('rename').addEventListener('click', onRename);
    byId('no-reply').addEventListener('click', () => {
      this.answer(null);
      onDraft();
      this.focus();
    });
    this.#text.addEventListener('input', onDraft);
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.isComposing || event.repeat) return;
      event.preventDefault();
      onCheep();
    });
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
    (this.#form.hidden ? byId('name') : this.#text).focus({ preventScroll: true });
  }

  get draft() {
    return { text: this.#text.value, replyTo: this.#replyTo };
  }

  set text(text) {
    this.#text.value = text;
  }

  /** What is written answers this cheep; null for none. */
  answer(seq) {
    this.#replyTo = seq;
    this.#isAnswerShown = seq === null;
    byId('reply').hidden = seq === null;
    if (seq !== null) fillQuote(byId('reply-to'));
  }

  /** Shows what is answered, once it is here. @param {(seq: number) => import('./protocol.js').Cheep | undefined} quoted */
  showAnswered(quoted) {
    const cheep = this.#isAnswerShown ? undefined : quoted(this.#replyTo);
    if (!cheep) return;
    this.#isAnswerShown = true;
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
