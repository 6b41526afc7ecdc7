// Who is not let in, or may not write: says why, and takes the link by which they may. Loaded when somebody needs it.

import { byId, element, onSubmit } from './dom.js';
import { askSession } from './entrance.js';
import { tokenIn } from './links.js';

/** Handshakes that fail in a row while the server answers otherwise, until that is told. */
const FAILURES = 3;

const PRIVATE = 'This timeline is private: ask its host for the link.';
const ENDED = 'Your link or session has ended: ask the host for a new link.';
const READER = 'You may read here. To write, ask the host for the link.';
const WITHOUT = 'This link does not let you in, but you may read and write here without one.';
const BLOCKED = 'The server answers, but the live connection does not get through: a proxy must pass WebSocket upgrades. Tell the host.';
const NO_LINK = 'This is no link of this timeline: it ends in #join= and some letters.';
const NO_SERVER = 'The server cannot be reached: try again.';

export class Door {
  #reenter;
  #why = element('p', { role: 'alert' });
  #refusal = element('p', { id: 'link-refusal', class: 'refusal', role: 'alert' });
  #field = element('input', { id: 'link', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', required: '', 'aria-describedby': 'link-refusal' });
  #form = element('form', { autocomplete: 'off' },
    element('label', { for: 'link' }, 'The link'),
    element('div', { class: 'row' }, this.#field, element('button', { type: 'submit' }, 'Come in')), this.#refusal);
  #box = element('section', { id: 'door', class: 'box', 'aria-label': 'Who may come in' }, this.#why, this.#form);
  #failures = 0;
  /** Why nobody is let in was said already. */
  #isTold = false;

  /** @param {() => void} reenter  connects anew, by the session that there is then */
  constructor(reenter) {
    this.#reenter = reenter;
    this.#box.hidden = true;
    onSubmit(this.#form, () => this.enter(tokenIn(this.#field.value)));
    byId('name-form').before(this.#box);
  }

  /** Changes the token of a link for a session. @param {string | null} token  null if the link has none */
  async enter(token) {
    this.#refuse('');
    if (token === null) {
      this.#refuse(NO_LINK);
      return;
    }
    const answer = await askSession(token);
    if (answer?.status === 200) {
      this.#field.value = '';
      this.#reenter();
    } else this.#refuse(answer === null ? NO_SERVER : answer.message ?? NO_LINK);
  }

  /** A handshake failed, and this is what the server says when it is asked. */
  failed({ status, message }) {
    if (status === 401) this.#show(PRIVATE, 'nothing', true);
    else if (status !== 200) this.#show(`${message ?? ''} Tell the host.`, 'nothing', false);
    else if ((this.#failures += 1) >= FAILURES) this.#show(BLOCKED, 'write', false);
    this.#isTold = status !== 200;
  }

  /** The server does not want us any more. */
  barred() {
    if (!this.#isTold) this.#show(ENDED, 'nothing', true);
    this.#isTold = true;
  }

  /** We are in. */
  welcomed(role) {
    this.#failures = 0;
    this.#isTold = false;
    if (role === 'reader') this.#show(READER, 'read', true);
    // Who opened a link that is none is told so, though it was not needed.
    else if (this.#refusal.textContent !== '') this.#show(WITHOUT, 'write', true);
    else this.#show('', 'write', false);
  }

  /** @param {'nothing' | 'read' | 'write'} may */
  #show(why, may, takesLink) {
    const wasHere = this.#box.contains(document.activeElement);
    this.#box.hidden = why === '';
    this.#form.hidden = !takesLink;
    if (this.#why.textContent !== why) this.#why.textContent = why;
    document.body.dataset.may = may;
    // Who was to type a name has no field for it any more, and the other way round.
    if (may === 'nothing' && !document.activeElement.closest('dialog, article')) this.#field.focus();
    else if (may === 'write' && wasHere) byId(byId('name-form').hidden ? 'cheep' : 'name').focus();
  }

  #refuse(sentence) {
    this.#refusal.textContent = sentence;
    this.#field.setAttribute('aria-invalid', String(sentence !== ''));
    if (sentence === '') return;
    this.#form.hidden = false;
    this.#box.hidden = false;
  }
}
